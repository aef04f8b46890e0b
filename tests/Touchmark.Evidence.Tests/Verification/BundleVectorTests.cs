using System.Text.Json;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;
using Touchmark.Evidence.Verification.Archives;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>The files of spec/vectors/bundle and spec/vectors/archive: every check that is made, in its order, and what came of it. The other verifiers are held to the same.</summary>
public sealed class BundleVectorTests
{
    private static readonly JsonElement Bundles = Vectors.Json("bundle/bundles.json");

    private static readonly JsonElement Endorsements = Vectors.Json("bundle/endorsements.json");

    private static readonly JsonElement Archives = Vectors.Json("archive/archives.json");

    public static TheoryData<string> BundleNames { get; } = Names(Bundles);

    public static TheoryData<string> EndorsementNames { get; } = Names(Endorsements);

    public static TheoryData<string> ArchiveNames { get; } = Names(Archives);

    [Theory]
    [MemberData(nameof(BundleNames))]
    public void Bundle_comes_to_the_checks_that_the_vector_tells(string name) =>
        AssertTold(Case(Bundles, name), EvidenceVerifier.Verify(File(Bundles, name), Trust("bundle/trust.json"), Now(Bundles), MaximumAge(Bundles)).Verdict);

    [Theory]
    [MemberData(nameof(EndorsementNames))]
    public void Endorsed_certificate_comes_to_the_checks_that_the_vector_tells(string name) => AssertTold(
        Case(Endorsements, name),
        EvidenceVerifier.Verify(File(Endorsements, name), Trust(Case(Endorsements, name).GetProperty("trust").GetString()!), Now(Endorsements), MaximumAge(Endorsements)).Verdict);

    [Theory]
    [MemberData(nameof(ArchiveNames))]
    public async Task Archive_comes_to_the_checks_that_the_vector_tells(string name)
    {
        var pin = Case(Archives, name).GetProperty("pin").GetString() is not { } text ? null : RootPin.TryParse(text, out var read, out var problem) ? read : throw new InvalidDataException(problem);
        using var file = new MemoryStream(File(Archives, name));
        AssertTold(Case(Archives, name), (await ArchiveVerifier.VerifyAsync(file, pin, Trust("archive/trust.json"), Now(Archives), MaximumAge(Archives), TestContext.Current.CancellationToken)).Verdict);
    }

    private static void AssertTold(JsonElement expected, Verdict verdict)
    {
        Assert.Equal(expected.GetProperty("checks").EnumerateArray().Select(check => check.GetString()), verdict.Checks.Select(check => Mark(check.Outcome) + check.Id));
        Assert.Equal(expected.GetProperty("verdict").GetString(), JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Kind.ToString()));
    }

    private static TheoryData<string> Names(JsonElement told) => [.. told.GetProperty("cases").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];

    private static JsonElement Case(JsonElement told, string name) => told.GetProperty("cases").EnumerateArray().First(entry => entry.GetProperty("name").GetString() == name);

    private static DateTimeOffset Now(JsonElement told) => told.GetProperty("now").GetDateTimeOffset();

    private static TimeSpan MaximumAge(JsonElement told) => TimeSpan.FromSeconds(told.GetProperty("max_age_s").GetDouble());

    private static TrustStore Trust(string file) =>
        TrustStore.TryParse(System.IO.File.ReadAllBytes(Path.Combine(Vectors.Folder, file)), out var trust, out var problem) ? trust : throw new InvalidDataException(problem);

    /// <summary>In pieces: hexadecimal, or @ and the name of a blob.</summary>
    private static byte[] File(JsonElement told, string name) =>
        [.. Case(told, name).GetProperty("file").EnumerateArray().SelectMany(piece => Piece(told.GetProperty("blobs"), piece.GetString()!))];

    private static byte[] Piece(JsonElement blobs, string piece) => piece.StartsWith('@') ? blobs.GetProperty(piece[1..]).GetBytesFromBase64() : Convert.FromHexString(piece);

    private static string Mark(CheckOutcome outcome) => outcome switch { CheckOutcome.Passed => "+", CheckOutcome.Failed => "-", _ => "?" };
}
