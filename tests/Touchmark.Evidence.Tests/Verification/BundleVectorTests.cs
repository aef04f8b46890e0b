using System.Text.Json;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>The files of spec/vectors/bundle: every check that is made, in its order, and what came of it. The other two verifiers are held to the same.</summary>
public sealed class BundleVectorTests
{
    private static readonly JsonElement Told = Vectors.Json("bundle/bundles.json");

    public static TheoryData<string> Names { get; } = [.. Told.GetProperty("cases").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void File_comes_to_the_checks_that_the_vector_tells(string name)
    {
        var expected = Told.GetProperty("cases").EnumerateArray().First(entry => entry.GetProperty("name").GetString() == name);
        Assert.True(TrustStore.TryParse(File.ReadAllBytes(Path.Combine(Vectors.Folder, "bundle/trust.json")), out var trust, out var problem), problem);
        var bytes = expected.GetProperty("file").EnumerateArray().SelectMany(piece => Piece(piece.GetString()!)).ToArray();
        var verdict = EvidenceVerifier.Verify(bytes, trust, Told.GetProperty("now").GetDateTimeOffset(), TimeSpan.FromSeconds(Told.GetProperty("max_age_s").GetDouble())).Verdict;
        Assert.Equal(expected.GetProperty("checks").EnumerateArray().Select(check => check.GetString()), verdict.Checks.Select(check => Mark(check.Outcome) + check.Id));
        Assert.Equal(expected.GetProperty("verdict").GetString(), JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Kind.ToString()));
    }

    private static byte[] Piece(string piece) =>
        piece.StartsWith('@') ? Told.GetProperty("blobs").GetProperty(piece[1..]).GetBytesFromBase64() : Convert.FromHexString(piece);

    private static string Mark(CheckOutcome outcome) => outcome switch { CheckOutcome.Passed => "+", CheckOutcome.Failed => "-", _ => "?" };
}
