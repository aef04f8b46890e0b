using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>
/// Slows guessing of passwords down: by where it comes from, by the account that is tried from there, and by the account from everywhere. Nobody is locked out for good: waits end, and the last
/// of the three, which strangers can drive up, is short and does not count for places from which the account has signed in before.
/// </summary>
internal sealed class SignInAttempts(TimeProvider time)
{
    /// <summary>Of one place, whichever accounts it tries.</summary>
    private const int FreePerPlace = 30;

    /// <summary>Of one place at one account.</summary>
    private const int FreePerAccountHere = 5;

    /// <summary>At one account, from wherever.</summary>
    private const int FreePerAccount = 20;

    private const int KnownPlaces = 10_000;

    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    public static readonly TimeSpan LongestWaitEverywhere = TimeSpan.FromSeconds(30);

    private readonly Throttle perPlace = new(time, FreePerPlace, LongestWait);
    private readonly Throttle perAccountHere = new(time, FreePerAccountHere, LongestWait);
    private readonly Throttle perAccount = new(time, FreePerAccount, LongestWaitEverywhere);
    private readonly Lock gate = new();
    private readonly LinkedList<string> knownOrder = new();
    private readonly Dictionary<string, LinkedListNode<string>> known = new(StringComparer.Ordinal);

    /// <summary>Null, or the refusal when an attempt comes too early. Whoever signs in says so to <see cref="Succeed"/>.</summary>
    public Refusal? Begin(HttpContext context, string email)
    {
        var (place, account) = (Place.Of(context), Account(email));
        var here = $"{place} {account}";
        if ((perPlace.Begin(place) ?? perAccountHere.Begin(here)) is { } refusal)
        {
            return refusal;
        }

        if (IsKnown(here) || perAccount.Begin(account) is not { } crowded)
        {
            return null;
        }

        // What others do to the account is not held against this place.
        perAccountHere.Uncount(here);
        return crowded;
    }

    /// <summary>The same for an attempt with a key instead of a password. Nobody guesses one, so only the place counts.</summary>
    public Refusal? BeginWithKey(HttpContext context) => perPlace.Begin(Place.Of(context));

    public void SucceedWithKey(HttpContext context) => perPlace.Uncount(Place.Of(context));

    /// <summary>The password was right, and a second step has to follow.</summary>
    public void Uncount(HttpContext context, string email)
    {
        var (place, account) = (Place.Of(context), Account(email));
        perPlace.Uncount(place);
        perAccountHere.Uncount($"{place} {account}");
        if (!IsKnown($"{place} {account}"))
        {
            perAccount.Uncount(account);
        }
    }

    public void Succeed(HttpContext context, string email)
    {
        var (place, account) = (Place.Of(context), Account(email));
        perPlace.Uncount(place);
        perAccountHere.Clear($"{place} {account}");
        if (!IsKnown($"{place} {account}"))
        {
            perAccount.Uncount(account);
        }

        Remember($"{place} {account}");
    }

    // Longer ones are no e-mail address, and would only cost memory.
    private static string Account(string email) => email.Trim().ToLowerInvariant() is { Length: <= 254 } account ? account : "";

    private bool IsKnown(string key)
    {
        lock (gate)
        {
            return known.ContainsKey(key);
        }
    }

    private void Remember(string key)
    {
        lock (gate)
        {
            if (known.Remove(key, out var node))
            {
                knownOrder.Remove(node);
            }
            else if (known.Count == KnownPlaces)
            {
                known.Remove(knownOrder.First!.Value);
                knownOrder.RemoveFirst();
            }

            known[key] = knownOrder.AddLast(key);
        }
    }
}
