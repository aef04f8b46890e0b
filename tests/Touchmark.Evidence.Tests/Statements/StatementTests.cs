using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Statements;

public sealed class StatementTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    [Fact]
    public void Envelope_written_by_other_code_after_the_specification_is_valid()
    {
        var verdict = StatementVerifier.Verify<Evidence.Documents.LicenceGrant>(new EnvelopeForge(_workshop).Make(), _workshop.Trust, Workshop.Now, out _);
        Assert.True(verdict.IsValid, string.Join('\n', verdict.Checks.Select(check => check.Words)));
    }

    [Theory]
    [InlineData("another tag", "not a COSE_Sign1")]
    [InlineData("more in the unprotected header", "not exactly one countersignature")]
    [InlineData("unknown parameter", "parameter 99 is unknown")]
    [InlineData("unknown claim", "parameter 15 is unknown or of a wrong type")]
    [InlineData("no claims", "lack issuer or subject")]
    [InlineData("no content type", "content type (3")]
    [InlineData("no key id", "key id of the signature (4) is missing")]
    [InlineData("ML-DSA as the first signature", "neither Ed25519 nor ES256")]
    [InlineData("Ed25519 as the shadow signature", "not ML-DSA-65")]
    [InlineData("content type in the shadow header", "more than algorithm and key id")]
    [InlineData("location without hash", "location (260) without")]
    [InlineData("hash of another length", "not 32 bytes")]
    [InlineData("hash under another location", "does not name the payload's hash")]
    [InlineData("hash by another algorithm", "parameter 258 is unknown or of a wrong type")]
    public void Envelope_that_deviates_is_unreadable_although_it_is_signed(string deviation, string reason)
    {
        var forge = new EnvelopeForge(_workshop);
        var header = forge.Header();
        var hashed = header.Where(entry => entry.Key != (CborValue)3).Concat([(258, -16), (259, "text/plain")]).ToArray();
        var part = deviation switch
        {
            "another tag" => forge.Make(tag: 98),
            "more in the unprotected header" => forge.Make(unprotected: [(4, "x")]),
            "unknown parameter" => forge.Make([.. header, (99, 1)]),
            "unknown claim" => forge.Make([.. header[..3], (15, CborMap.Of((1, "a"), (2, "b"), (7, "c")))]),
            "no claims" => forge.Make(header[..3]),
            "no content type" => forge.Make([header[0], header[2], header[3]]),
            "no key id" => forge.Make([header[0], header[1], header[3]]),
            "ML-DSA as the first signature" => forge.Make(forge.Header(algorithm: -49)),
            "Ed25519 as the shadow signature" => forge.Make(shadowHeader: [(1, -19), (4, _workshop.Shadow.KeyId)]),
            "content type in the shadow header" => forge.Make(shadowHeader: [.. forge.ShadowHeader(), (3, "text/plain")]),
            "location without hash" => forge.Make([.. header, (260, "ni:///sha-256;x")]),
            "hash of another length" => forge.Make(hashed, payload: new byte[31]),
            "hash under another location" => forge.Make([.. hashed, (260, "ni:///sha-256;x")], payload: new byte[32]),
            _ => forge.Make([.. header.Where(entry => entry.Key != (CborValue)3), (258, -44)]),
        };
        Assert.False(Statement.TryParse(part.Envelope, out _, out var problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Arbitrary_bytes_are_never_a_statement_and_never_throw() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
            !Statement.TryParse(bytes, out _, out _) && !EvidenceFile.TryDecode(bytes, out _, out _) && !TrustStore.TryParse(bytes, out _, out _)));
}
