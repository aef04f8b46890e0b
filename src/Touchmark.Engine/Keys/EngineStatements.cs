using System.Text.Json;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Engine.Keys;

/// <summary>Signs what the engine states: Ed25519, countersigned with ML-DSA-65, under the engine's name.</summary>
internal sealed class EngineStatements(EngineOptions options, EngineKeys keys, TimeProvider time)
{
    public StatementSigner Signer => new(keys.Ed25519, keys.MlDsa65, options.Issuer);

    /// <summary>What a reader pins to verify the engine's statements offline.</summary>
    public TrustStore Trust => new(
    [
        new TrustedKey(options.Issuer, keys.Ed25519.Algorithm, keys.Ed25519.PublicKey, keys.ValidFrom, null),
        new TrustedKey(options.Issuer, keys.MlDsa65.Algorithm, keys.MlDsa65.PublicKey, keys.ValidFrom, null),
    ]);

    public JsonElement TrustJson => JsonElement.Parse(Trust.ToJson());

    /// <summary>The envelope around a document that fits into it (<see cref="StatementSigner.MaxEmbeddedBytes"/>).</summary>
    public byte[] Sign<T>(T document)
        where T : class, IDocument<T>
    {
        var signed = Signer.Sign(document, time.GetUtcNow());
        return signed.IsDetached ? throw new InvalidOperationException($"A document of {signed.Document.Length} bytes has to be kept beside its envelope.") : signed.Envelope.ToArray();
    }
}
