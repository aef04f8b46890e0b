using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class CertificateVerifierTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    private CertificateVerdict Verify(CertificateFile file) => CertificateVerifier.Verify(file.Encode(), _workshop.Trust, Workshop.Now);

    private static IEnumerable<string> Failed(CertificateVerdict verdict) =>
        verdict.Verdict.Checks.Where(check => check.Outcome == CheckOutcome.Failed).Select(check => check.Id);

    [Fact]
    public void Certificate_with_everything_in_order_is_valid()
    {
        var verdict = Verify(_workshop.File());
        Assert.Empty(Failed(verdict));
        Assert.True(verdict.IsValid);
        Assert.Equal("Bracket", verdict.Certificate!.PartName);
        Assert.Equal(3, verdict.Licence!.Prints);
    }

    [Fact]
    public void Long_certificate_behind_a_hash_envelope_is_valid()
    {
        var file = _workshop.File(segments: 2000);
        Assert.NotNull(file.Certificate.Document);
        var verdict = Verify(file);
        Assert.Empty(Failed(verdict).Select(id => verdict.Verdict.Checks.First(check => check.Id == id).Words));
        Assert.True(verdict.IsValid);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2000)]
    public void Altering_any_byte_of_a_certificate_file_is_noticed(int segments)
    {
        var bytes = _workshop.File(segments: segments).Encode();
        // The bytes of the envelope are all altered in StatementVerifierTests; here every part of the file has its turn.
        for (var at = 0; at < bytes.Length; at += at < 64 ? 1 : 37)
        {
            var altered = bytes.ToArray();
            altered[at] ^= (byte)(1 << (at % 8));
            Assert.False(CertificateVerifier.Verify(altered, _workshop.Trust, Workshop.Now).IsValid, $"byte {at}");
        }
    }
}
