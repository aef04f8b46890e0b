using System.CommandLine;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Keys;

/// <summary>Single statements as files: what is carried between a vault, its officers and the root.</summary>
internal static class StatementFile
{
    public static Option<FileInfo> Output() => new("--out") { Description = "Where to write the signed statement.", Required = true };

    /// <summary>The media type of a statement's document.</summary>
    /// <exception cref="CliFailure">It is no statement.</exception>
    public static string TypeOf(FileInfo file) => Parse(file).ContentType;

    /// <summary>Reads a statement of a type and takes its document out. Nothing is verified.</summary>
    /// <exception cref="CliFailure">It is none.</exception>
    public static (Statement Statement, T Document) Read<T>(FileInfo file)
        where T : class, IDocument<T>
    {
        var statement = Parse(file);
        return statement.ContentType != T.ContentType ? throw new CliFailure($"{file} is a statement of another type: {statement.ContentType}.", $"{T.ContentType} is expected here", exitCode: 2)
            : !Document.TryDecode<T>(statement.Payload, out var document, out var problem) ? throw new CliFailure($"{file} does not follow its format: {problem}.", exitCode: 2)
            : (statement, document);
    }

    /// <summary>Reads a statement of a type, which has to be signed by these keys.</summary>
    /// <exception cref="CliFailure">It is none, or another's.</exception>
    public static (Statement Statement, T Document) Verify<T>(FileInfo file, TrustStore trust)
        where T : class, IDocument<T>
    {
        var read = Read<T>(file);
        var verdict = StatementVerifier.Verify<T>(new StatementPart(ReadBytes(file), Document: null), trust, TimeProvider.System.GetUtcNow(), out _);
        return verdict.IsValid ? read
            : throw new CliFailure($"{file} is not to be believed: {verdict.Checks.First(check => check.Outcome == CheckOutcome.Failed).Words}", "get it again from whoever made it, over another way");
    }

    /// <summary>Writes a statement into a new file; one whose document is too long for it, as an evidence file that holds both.</summary>
    public static void Write(FileInfo file, SignedStatement statement)
    {
        try
        {
            using var output = new FileStream(file.FullName, FileMode.CreateNew);
            output.Write(statement.IsDetached ? new EvidenceFile(statement.ToPart(), []).Encode() : statement.Envelope.Span);
            output.Flush(flushToDisk: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be written: {error.Message}", "name a file that does not exist yet", exitCode: 2);
        }

        Screen.Line($"Wrote {file}: {Convert.ToHexStringLower(statement.Sha256)}");
    }

    private static Statement Parse(FileInfo file) =>
        Statement.TryParse(ReadBytes(file), out var statement, out var problem) ? statement : throw new CliFailure($"{file} is no statement: {problem}.", exitCode: 2);

    private static byte[] ReadBytes(FileInfo file)
    {
        try
        {
            return file.Length <= Statement.MaxBytes ? File.ReadAllBytes(file.FullName)
                : throw new CliFailure($"{file} has {file.Length} bytes; a statement has at most {Statement.MaxBytes}.", exitCode: 2);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"{file} cannot be read.", "check its path and permissions", exitCode: 2);
        }
    }
}
