using System.Text;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

public sealed class TrustStoreTests : IDisposable
{
    private readonly Workshop _workshop = new();

    public void Dispose() => _workshop.Dispose();

    [Fact]
    public void File_is_read_as_it_was_written()
    {
        var json = _workshop.Trust.ToJson();
        Assert.True(TrustStore.TryParse(json, out var trust, out var problem), problem);
        Assert.Equal(json, trust.ToJson());
        Assert.Equal(2, trust.Keys.Count);
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"version\": 1", "\"version\": 1, \"surprise\": 1")]
    [InlineData("\"version\": 1", "\"version\": 1, \"version\": 1")]
    [InlineData("\"Ed25519\"", "\"ed25519\"")]
    [InlineData("\"name\": \"engine.example\"", "\"name\": \"\"")]
    [InlineData("\"name\": \"engine.example\"", "\"name\": null")]
    [InlineData("\"key_id\": \"", "\"key_id\": \"0")]
    [InlineData("\"public_key\": \"", "\"public_key\": \"AAAA")]
    [InlineData("\"valid_until\": null", "\"valid_until\": \"2001-01-01T00:00:00Z\"")]
    [InlineData("\"name\": \"engine", "\"name\": \"\\ud800")]
    [InlineData("\"name\": \"engine.example\"", "\"name\": 1")]
    [InlineData("\"key_id\"", "\"\\ud800\"")]
    [InlineData("\"keys\": [", "\"keys\": [null,")]
    [InlineData("{", "[")]
    public void File_that_deviates_is_refused(string right, string wrong)
    {
        var json = Encoding.UTF8.GetString(_workshop.Trust.ToJson());
        Assert.Contains(right, json, StringComparison.Ordinal);
        var at = json.IndexOf(right, StringComparison.Ordinal);
        Assert.False(TrustStore.TryParse(Encoding.UTF8.GetBytes(json[..at] + wrong + json[(at + right.Length)..]), out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Policy_of_the_log_is_kept_as_it_was_written()
    {
        using var log = new LogBook();
        var trust = log.Trust(_workshop.Trust);
        Assert.True(TrustStore.TryParse(trust.ToJson(), out var read, out var problem), problem);
        Assert.Equal((log.Policy, log.Origin), (read.Log!.Text, Assert.Single(read.Log.Policy.Logs).Origin));
        Assert.NotNull(read.With(trust.Keys).Without(trust.Keys[0].KeyIdText).Log);
        Assert.DoesNotContain("\"log\"", Encoding.UTF8.GetString(_workshop.Trust.ToJson()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"quorum\"")]
    [InlineData("\"\"")]
    [InlineData("1")]
    public void Policy_that_cannot_be_read_is_refused(string policy)
    {
        var json = Encoding.UTF8.GetString(_workshop.Trust.ToJson());
        Assert.False(TrustStore.TryParse(Encoding.UTF8.GetBytes(json.Replace("\"version\": 1", $"\"version\": 1, \"log\": {policy}", StringComparison.Ordinal)), out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Key_that_is_added_twice_is_there_once() => Assert.Equal(2, _workshop.Trust.With(_workshop.Trust.Keys).Keys.Count);

    [Fact]
    public void Removed_key_is_gone()
    {
        var key = _workshop.Trust.Keys[0];
        var left = _workshop.Trust.Without(key.KeyIdText.ToUpperInvariant());
        Assert.Null(left.Find(key.Algorithm, key.KeyId.Span));
        Assert.Single(left.Keys);
    }
}
