using System.Text;
using System.Text.Json;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Tests.Verification;

public sealed class ProofVectorTests
{
    private static readonly string[] Shadows = [.. File.ReadLines(Path.Combine(Vectors.Folder, "ml-dsa-65.txt")).Where(line => line[0] != '#')];

    [Fact]
    public void Proofs_are_valid_or_fail_at_the_check_that_the_vectors_name()
    {
        var cases = Vectors.Cases("proofs.json").ToList();
        var (common, valid) = (cases[0], 0);
        foreach (var item in cases.Skip(1))
        {
            var policy = Keys.Parse(Whole(item.TextOrNull("policy") ?? common.Text("policy")));
            var expectations = new LogExpectations(
                item.TryGetProperty("maximum_age", out var age) ? TimeSpan.FromSeconds(age.GetInt64()) : null,
                item.TryGetProperty("earlier", out var earlier) ? Earlier(earlier) : null);
            var verdict = LogVerifier.Verify(Encoding.UTF8.GetBytes(item.TextOrNull("entry") ?? "entry 77"), Encoding.UTF8.GetBytes(Whole(item.Text("proof"))), policy,
                DateTimeOffset.FromUnixTimeSeconds(common.Number("now")), expectations);
            var failed = verdict.Checks.Where(check => check.Outcome == LogCheckOutcome.Failed).Select(check => check.Id).ToList();
            Assert.True(item.TextOrNull("fails") is { } check ? failed.Contains(check) : verdict.IsValid, $"{item.Text("why")}: {string.Join(", ", failed)}");
            valid += verdict.IsValid ? 1 : 0;
        }
        Assert.Equal(7, valid);
    }

    private static string Whole(string text) => text.Replace("{shadow-key}", Shadows[0], StringComparison.Ordinal)
        .Replace("{shadow}", Shadows[1], StringComparison.Ordinal).Replace("{other-shadow}", Shadows[3], StringComparison.Ordinal);

    private static EarlierHead Earlier(JsonElement earlier) =>
        new(new Checkpoint("log.example/one", earlier.Number("size"), earlier.Hash("root")), earlier.TryGetProperty("proof", out _) ? earlier.Hashes("proof") : null);
}
