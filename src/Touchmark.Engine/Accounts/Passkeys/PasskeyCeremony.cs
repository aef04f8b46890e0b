using System.Data.Common;
using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>
/// The two ceremonies of WebAuthn (https://www.w3.org/TR/webauthn-3/, sections 7.1 and 7.2), as the framework's handler carries them out: a passkey is made, and a passkey answers a challenge. Passkeys
/// belong to the host of the engine's address, the person is always verified by the device, and no maker of devices is asked for (attestation is not).
/// </summary>
internal sealed class PasskeyCeremony
{
    private readonly Uri? address;
    private readonly PasskeyHandler<AccountView> handler;

    public PasskeyCeremony(EngineOptions engine, PasskeyUsers users, IServiceProvider services, ILogger<UserManager<AccountView>> log)
    {
        address = engine.PublicUrl is { } url ? new Uri(url) : null;
        var manager = new UserManager<AccountView>(
            users, Options.Create(new IdentityOptions()), new PasswordHasher<AccountView>(), [], [], new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), services, log);
        handler = new PasskeyHandler<AccountView>(manager, Options.Create(new IdentityPasskeyOptions
        {
            AuthenticatorTimeout = PasskeyChallenges.Lifetime,
            ServerDomain = address?.IdnHost,
            UserVerificationRequirement = "required",
            ResidentKeyRequirement = "required",
            AttestationConveyancePreference = "none",
            ValidateOrigin = context => ValueTask.FromResult(!context.CrossOrigin && context.Origin == OriginOf(context.HttpContext)),
        }));
    }

    /// <summary>The one address whose pages may ask for a passkey, as browsers write it.</summary>
    public string OriginOf(HttpContext http) => address?.GetLeftPart(UriPartial.Authority) ?? $"{http.Request.Scheme}://{http.Request.Host}";

    /// <summary>Why there are no passkeys at this address; null when there are.</summary>
    public Refusal? Refuse(HttpContext http) => !IPAddress.TryParse(address?.IdnHost ?? http.Request.Host.Host, out _) ? null
        : Refusal.Conflict("PASSKEYS_NEED_A_NAME", "A passkey belongs to a name, and this engine is reached by an IP address.", "Open it by its name; on the engine's own computer, localhost is one.");

    /// <summary>What a browser is told to make a passkey by, and what to keep until it has.</summary>
    public async Task<PasskeyCreationOptionsResult> BeginMakingAsync(AccountView account, HttpContext http) =>
        await handler.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = account.Id.ToString("D"), Name = account.Email, DisplayName = account.Name }, http);

    /// <summary>The passkey that a browser has made; null when the answer is none to what was kept.</summary>
    public async Task<UserPasskeyInfo?> FinishMakingAsync(string credential, string state, HttpContext http)
    {
        var result = await handler.PerformAttestationAsync(new() { HttpContext = http, CredentialJson = credential, AttestationState = state });
        return result.Succeeded ? result.Passkey : Refused<UserPasskeyInfo>(result.Failure);
    }

    /// <summary>What a browser is told to ask for any of its passkeys by, and what to keep until it has.</summary>
    public Task<PasskeyRequestOptionsResult> BeginAskingAsync(HttpContext http) => handler.MakeRequestOptionsAsync(null, http);

    /// <summary>Whose passkey has answered; null when the answer is none to what was kept.</summary>
    public async Task<PasskeyAssertionResult<AccountView>?> FinishAskingAsync(string credential, string state, HttpContext http)
    {
        var result = await handler.PerformAssertionAsync(new() { HttpContext = http, CredentialJson = credential, AssertionState = state });
        return result.Succeeded ? result : Refused<PasskeyAssertionResult<AccountView>>(result.Failure);
    }

    // The handler makes a refusal of every failure; that the database is away is none.
    private static T? Refused<T>(PasskeyException? failure)
        where T : class => failure?.InnerException is DbException error ? throw new InvalidOperationException("The database failed while a passkey was checked.", error) : null;
}
