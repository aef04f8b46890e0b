using System.Security.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Transparency;
using Touchmark.Log.Checking;
using Touchmark.Log.Proofs;
using Touchmark.Log.Storage;
using Touchmark.Log.Verification;
using Microsoft.Extensions.DependencyInjection;

namespace Touchmark.Engine.Tests.Transparency;

/// <summary>Holds an engine's log to the statements that the engine has made.</summary>
internal static class LoggedStatements
{
    /// <summary>Every envelope that lies anywhere in the database.</summary>
    public static Task<IReadOnlyList<byte[]>> StatementsAsync(this ServerFactory server) => server.Database.QueryAsync<byte[]>(
        """
        select statement from printers union select statement from printer_enrolments where statement is not null union select statement from licences union
        select revocation_statement from licences where revocation_statement is not null union select statement from slices union
        select envelope from certificates union select statement from audit
        """, null, default);

    public static LogPolicy Policy(this ServerFactory server) => server.Services.GetRequiredService<PublicLog>().Policy.Policy;

    /// <summary>The place of a statement in the log, after its proof was asked for and believed.</summary>
    public static async Task<long> ProvenIndexAsync(this ServerFactory server, byte[] envelope)
    {
        using var anybody = server.Client();
        var file = await anybody.GetByteArrayAsync(new Uri($"/api/log/statements/{Convert.ToHexStringLower(SHA256.HashData(envelope))}/proof", UriKind.Relative));
        var verdict = LogVerifier.Verify(envelope, file, server.Policy(), server.Time.GetUtcNow(), LogExpectations.None);
        Assert.True(verdict.IsValid, string.Join(' ', verdict.Checks.Select(check => check.Words)));
        Assert.True(LogProof.TryParse(file, out var proof, out _));
        return proof.Index;
    }

    /// <summary>Something that leaves a statement: when it is answered, all that came before it is in the log too.</summary>
    public static async Task ActAsync(this ServerFactory server)
    {
        var email = $"{Guid.CreateVersion7():N}@touchmark.test";
        using var admin = await server.SignInAsync("admin@touchmark.test");
        (await admin.PostAsync("/api/accounts", ServerFactory.NewAccount(email, Role.Oem, "Bracket Works"))).IsGood();
    }

    /// <summary>All statements are in the log, each once and with a proof, and nothing else is but the log's own entry 0.</summary>
    public static async Task<int> HoldsExactlyWhatWasStatedAsync(this ServerFactory server, string? folder = null)
    {
        var statements = await server.StatementsAsync();
        var indexes = new List<long>();
        foreach (var statement in statements)
        {
            indexes.Add(await server.ProvenIndexAsync(statement));
        }

        Assert.Equal(Enumerable.Range(1, statements.Count).Select(index => (long)index), indexes.Order());
        var report = await Fsck.RunAsync(new FolderStore(folder ?? Path.Combine(server.Data, "log")), server.Policy(), server.Time.GetUtcNow(), null, default);
        Assert.True(report.IsClean, string.Join(' ', report.Problems));
        Assert.Equal(statements.Count + 1, report.Head!.Size);
        return statements.Count;
    }
}
