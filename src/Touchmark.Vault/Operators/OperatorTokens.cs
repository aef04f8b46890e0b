using Touchmark.Hosting.Problems;

namespace Touchmark.Vault.Operators;

/// <summary>An operator as the customer's identity provider knows him.</summary>
/// <param name="Idp">The issuer of the session token.</param>
/// <param name="Subject">Its subject.</param>
internal sealed record OperatorIdentity(string Idp, string Subject);

#pragma warning disable CA1822 // It is a service: what it looks things up in comes with its owner.
/// <summary>Checks session tokens of operators.</summary>
internal sealed class OperatorTokens
{
    /// <param name="token">As the caller gave it: a secret, which is neither kept nor logged.</param>
    /// <param name="cancel">Stops looking.</param>
    public ValueTask<Outcome<OperatorIdentity>> CheckAsync(string token, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult<Outcome<OperatorIdentity>>(Refusal.Invalid(
            "NO_IDENTITY_PROVIDER", "The vault knows no identity provider, so no operator's token can be checked.", "Leave operator_token out, or configure the provider."));
    }
}
