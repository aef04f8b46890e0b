using System.Text.Json;
using Touchmark.Engine.Transparency;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Keys;

/// <summary>
/// Signs what the engine states: Ed25519, countersigned with ML-DSA-65, under the engine's name. Whatever it signs is on its way into the log when the transaction is committed, and in it when
/// the commit returns.
/// </summary>
internal sealed class EngineStatements(EngineOptions options, EngineKeys keys, PublicLog log, Outbox outbox, TimeProvider time)
{
    /// <summary>What a reader pins to verify the engine's statements offline: its keys, and the log that has to have them.</summary>
    public TrustStore Trust => new(
    [
        new TrustedKey(options.Issuer, keys.Ed25519.Algorithm, keys.Ed25519.PublicKey, keys.ValidFrom, null),
        new TrustedKey(options.Issuer, keys.MlDsa65.Algorithm, keys.MlDsa65.PublicKey, keys.ValidFrom, null),
    ])
    {
        Log = log.Policy,
    };

    public JsonElement TrustJson => JsonElement.Parse(Trust.ToJson());

    /// <summary>The envelope around a document that fits into it (<see cref="StatementSigner.MaxEmbeddedBytes"/>).</summary>
    public async Task<byte[]> SignAsync<T>(Transaction work, T document, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        var signed = await SignAsync(work, document, sessionMac: null, cancel);
        return signed.IsDetached ? throw new InvalidOperationException($"A document of {signed.Document.Length} bytes has to be kept beside its envelope.") : signed.Envelope.ToArray();
    }

    /// <param name="work">In which it is made.</param>
    /// <param name="document">Of any size.</param>
    /// <param name="sessionMac">HMAC-SHA-256 of the encoded document, for a print certificate.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<SignedStatement> SignAsync<T>(Transaction work, T document, ReadOnlyMemory<byte>? sessionMac, CancellationToken cancel)
        where T : class, IDocument<T>
    {
        var signer = new StatementSigner(keys.Ed25519, keys.MlDsa65, options.Issuer);
        var signed = signer.Sign(document, time.GetUtcNow(), sessionMac);
        await outbox.EnterAsync(work, signed.Envelope, cancel);
        return signed;
    }
}
