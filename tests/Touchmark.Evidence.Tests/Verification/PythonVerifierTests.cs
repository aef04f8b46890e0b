using System.Diagnostics;
using System.Text.Json;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Verification;

/// <summary>clients/python, which follows spec/ and shares no code with this library, has to come to the same verdicts.</summary>
public sealed class PythonVerifierTests : IDisposable
{
    private static readonly string Client = Path.GetFullPath(Path.Combine(Vectors.Folder, "../../clients/python"));

    private readonly Workshop _workshop = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("touchmark-python-").FullName;

    public void Dispose()
    {
        _workshop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_comes_to_the_verdict_that_every_vector_expects()
    {
        var (exitCode, _, errors) = await PythonAsync("vectors.py");
        Assert.True(exitCode == 0 && errors.TrimEnd().EndsWith("OK", StringComparison.Ordinal), errors);
    }

    [Theory]
    [InlineData("in order", 0)]
    [InlineData("long, behind a hash envelope", 0)]
    [InlineData("another machine", 1)]
    [InlineData("print beyond the licence", 1)]
    [InlineData("without its slice record", 1)]
    [InlineData("a byte altered", 1)]
    [InlineData("cut off", 2)]
    [InlineData("in the log", 0)]
    [InlineData("not in the log that is asked for", 1)]
    [InlineData("in another log", 1)]
    public async Task It_says_of_a_certificate_what_this_library_says(string what, int exitCode)
    {
        using var log = new LogBook();
        using var otherLog = new LogBook("other log");
        var trust = what.Contains("log", StringComparison.Ordinal) ? log.Trust(_workshop.Trust) : _workshop.Trust;
        var file = _workshop.File();
        var bytes = what switch
        {
            "long, behind a hash envelope" => _workshop.File(segments: 2000).Encode(),
            "another machine" => _workshop.File(enrolment: enrolment => enrolment with { MachineId = Workshop.Bytes("another machine") }).Encode(),
            "print beyond the licence" => _workshop.File(certificate => certificate with { PrintNumber = 4 }).Encode(),
            "without its slice record" => (file with { Related = [.. file.Related.Take(2)] }).Encode(),
            "cut off" => file.Encode()[..^1],
            "in the log" => log.Enter(file).Encode(),
            "in another log" => otherLog.Enter(file).Encode(),
            _ => file.Encode(),
        };
        if (what == "a byte altered")
        {
            bytes[500] ^= 1;
        }
        await CompareAsync(bytes, trust, EvidenceVerifier.Verify(bytes, trust, TimeProvider.System.GetUtcNow()).Verdict, exitCode);
    }

    [Fact]
    public async Task It_says_of_a_single_statement_what_this_library_says()
    {
        var part = _workshop.Signer.Sign(Workshop.Licence, Workshop.Licence.GrantedAt).ToPart();
        var verdict = StatementVerifier.Verify<LicenceGrant>(part, _workshop.Trust, TimeProvider.System.GetUtcNow(), out _);
        await CompareAsync(part.Envelope.ToArray(), _workshop.Trust, verdict, exitCode: 0);
    }

    private async Task CompareAsync(byte[] bytes, TrustStore believed, Verdict verdict, int exitCode)
    {
        var (file, trust) = (Path.Combine(_folder, "file"), Path.Combine(_folder, "trust.json"));
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(trust, believed.ToJson(), TestContext.Current.CancellationToken);
        var outcome = await PythonAsync("verify.py", file, "--trust", trust, "--json");
        using var json = JsonDocument.Parse(outcome.Output);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.Kind.ToString()), json.RootElement.GetProperty("verdict").GetString());
        Assert.Equal(
            verdict.Checks.Select(check => (check.Id, JsonNamingPolicy.SnakeCaseLower.ConvertName(check.Outcome.ToString()))),
            json.RootElement.GetProperty("checks").EnumerateArray().Select(check => (check.GetProperty("id").GetString()!, check.GetProperty("outcome").GetString()!)));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> PythonAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", ["-B", Path.Combine(Client, script), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
