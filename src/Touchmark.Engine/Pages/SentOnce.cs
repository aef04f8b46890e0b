using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Touchmark.Engine.Accounts;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Pages;

/// <summary>
/// Does once what a form orders, however often it arrives: pressed twice, sent again by a browser that lost the answer, or by another node. Such a form (<c>Once</c> of <c>Form.razor</c>) carries a value
/// that its page was given; the same sender, form and fields are answered with what the first one led to. A form that was refused can be sent again.
/// </summary>
internal sealed class SentOnce(Database database, TimeProvider time)
{
    public const string Field = "once";

    /// <summary>For the form of one page, once: nobody else's form may have it by chance.</summary>
    public static string NewValue() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>How long a form is remembered.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>What is asked for takes longer than this only if the node that did it died.</summary>
    private const int Looks = 100;

    private static Refusal BeingDone => Refusal.Conflict("FORM_SENT_TWICE", "This form was sent twice, and the first one is not done yet.", "Look whether it was done before you fill it in again.");

    public async ValueTask<object?> RunAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var http = invocation.HttpContext;
        var cancel = http.RequestAborted;
        if (Caller.From(http.User) is not { } caller || (await http.Request.ReadFormAsync(cancel))[Field] is not [{ Length: > 0 }])
        {
            return await next(invocation);
        }

        var key = await KeyAsync(http, caller);
        for (var look = 0; look < Looks; look++)
        {
            if (await TryBeginAsync(key, cancel))
            {
                return await DoAsync(key, invocation, next);
            }

            // No row: the first one was refused just now.
            if (await database.FirstOrDefaultAsync<Row>("select location from sent_forms where key = @Key", new { Key = key }, cancel) is { Location: { } location })
            {
                return Results.Redirect(location);
            }

            await Task.Delay(Look, cancel);
        }

        return await Visit.BindAsync(http) is { } visit ? visit.Refuse(BeingDone) : BeingDone;
    }

    private async Task<object?> DoAsync(string key, EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        // A browser whose button is pressed twice goes away from the first form: what that one ordered is done all the same, and once.
        for (var i = 0; i < invocation.Arguments.Count; i++)
        {
            if (invocation.Arguments[i] is CancellationToken)
            {
                invocation.Arguments[i] = CancellationToken.None;
            }
        }

        string? location = null;
        try
        {
            var answer = await next(invocation);
            location = ((answer as INestedHttpResult)?.Result ?? answer) is RedirectHttpResult redirect ? redirect.Url : null;
            return answer;
        }
        finally
        {
            await database.ExecuteAsync(
                location is null ? "delete from sent_forms where key = @Key" : "update sent_forms set location = @Location where key = @Key", new { Key = key, Location = location }, CancellationToken.None);
        }
    }

    private async Task<bool> TryBeginAsync(string key, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from sent_forms where at < @Before", new { Before = now - Kept }, cancel);
        var begun = await work.ExecuteAsync("insert into sent_forms (key, at) values (@Key, @Now) on conflict (key) do nothing", new { Key = key, Now = now }, cancel) == 1;
        await work.CommitAsync(cancel);
        return begun;
    }

    /// <summary>Of who sent which form with what in it, but for its token, which differs when it is sent again after a sign-in.</summary>
    private static async Task<string> KeyAsync(HttpContext http, Caller caller)
    {
        var token = http.RequestServices.GetRequiredService<IAntiforgery>().GetTokens(http).FormFieldName;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(caller.AccountId.ToString("N"));
        Add(http.Request.Path);
        foreach (var field in (await http.Request.ReadFormAsync(http.RequestAborted)).Where(field => field.Key != token).OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            foreach (var value in field.Value)
            {
                Add(field.Key);
                Add(value ?? "");
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }

    private sealed record Row
    {
        public string? Location { get; init; }
    }
}
