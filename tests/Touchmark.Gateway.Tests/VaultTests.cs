using System.Collections.Immutable;
using Touchmark.Gateway.Diagnostics;
using Touchmark.Gateway.Vault;
using Touchmark.Moonraker;
using Touchmark.Streaming.Wire;
using PrinterStatus = Touchmark.Moonraker.PrinterStatus;

namespace Touchmark.Gateway.Tests;

/// <summary>Orders for the vault beside the printer.</summary>
public sealed class VaultTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly BundleOrder Order = new(Guid.CreateVersion7(Start), new byte[32], 4096, "PrusaSlicer 2.5.0", "PLA", Start, Start.AddMinutes(7));

    private readonly string _folder = Directory.CreateTempSubdirectory("tmgv-").FullName;
    private readonly Journal _journal = new(TimeProvider.System, TextWriter.Null);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_bundle_is_asked_for_with_what_the_sensors_saw_and_handed_on()
    {
        var statement = Vector();
        await using var vault = await StandInVault.StartAsync(_folder, statement);
        using var desk = new VaultDesk(vault.Socket, _journal, TimeProvider.System);
        desk.Observe(At(20), printing: false);
        desk.Observe(At(200), printing: true);
        desk.Observe(At(210), printing: true);
        desk.Observe(At(205), printing: true);
        desk.Observe(At(90), printing: false);

        var report = BundleReport.TryDecode((await AskAsync(desk, Order.Encode())).Span)!;

        Assert.Equal((Order.JobId, true), (report.JobId, report.Bundle.Span.SequenceEqual(statement)));
        Assert.Equal(Order.JobId, vault.Asked.GetProperty("job_id").GetGuid());
        Assert.Equal(new string('0', 64), vault.Asked.GetProperty("gcode_sha256").GetString());
        var chamber = vault.Asked.GetProperty("sensors").GetProperty("chamber");
        Assert.Equal((200, 210, 205, "°C", 3), (chamber.GetProperty("min").GetDouble(), chamber.GetProperty("max").GetDouble(), chamber.GetProperty("mean").GetDouble(),
            chamber.GetProperty("unit").GetString(), chamber.GetProperty("samples").GetInt32()));
    }

    [Fact]
    public async Task What_an_auditor_made_of_a_finding_is_handed_on_and_comes_back_signed()
    {
        var statement = Vector();
        await using var vault = await StandInVault.StartAsync(_folder, statement);
        using var desk = new VaultDesk(vault.Socket, _journal, TimeProvider.System);
        var order = new ReviewOrder(Guid.CreateVersion7(Start), Order.JobId, "sensor-anomaly", Accepts: true, "Right <it> was hot. 🙂", "account/7 at engine.example");

        var report = ReviewReport.TryDecode((await AskAsync(desk, order.Encode())).Span)!;

        Assert.Equal((order.OrderId, true), (report.OrderId, report.Statement.Span.SequenceEqual(statement)));
        Assert.Equal(("accept", order.Comment, order.Who), (vault.Asked.GetProperty("decision").GetString(), vault.Asked.GetProperty("comment").GetString(), vault.Asked.GetProperty("for").GetString()));
    }

    [Fact]
    public async Task What_the_next_print_saw_is_its_own()
    {
        await using var vault = await StandInVault.StartAsync(_folder, Vector());
        using var desk = new VaultDesk(vault.Socket, _journal, TimeProvider.System);
        desk.Observe(At(300), printing: true);
        desk.Observe(At(20), printing: false);
        desk.Observe(At(60), printing: true);

        await AskAsync(desk, Order.Encode());

        Assert.Equal(60, vault.Asked.GetProperty("sensors").GetProperty("chamber").GetProperty("max").GetDouble());
    }

    [Fact]
    public async Task The_vaults_own_refusal_is_handed_on()
    {
        await using var vault = await StandInVault.StartAsync(_folder, statement: null);
        using var desk = new VaultDesk(vault.Socket, _journal, TimeProvider.System);
        var refusal = VaultRefusal.TryDecode((await AskAsync(desk, Order.Encode())).Span)!;
        Assert.Equal((Order.JobId, "HSM_ABSENT", "The token was pulled."), (refusal.JobId, refusal.Code, refusal.Text));
    }

    [Fact]
    public async Task A_vault_that_is_not_there_is_told()
    {
        using var desk = new VaultDesk(Path.Combine(_folder, "nobody.sock"), _journal, TimeProvider.System);
        Assert.Equal("VAULT_UNREACHABLE", VaultRefusal.TryDecode((await AskAsync(desk, Order.Encode())).Span)!.Code);
    }

    [Fact]
    public async Task An_answer_that_is_no_evidence_file_is_not_handed_on()
    {
        await using var vault = await StandInVault.StartAsync(_folder, Vector());
        using var desk = new VaultDesk(vault.Socket, _journal, TimeProvider.System);
        var refusal = VaultRefusal.TryDecode((await AskAsync(desk, new EndorsementOrder(Order.JobId, Guid.Empty, new byte[32], new byte[32]).Encode())).Span)!;
        Assert.Equal("VAULT_ANSWER", refusal.Code);
    }

    [Fact]
    public async Task Without_a_vault_the_engine_is_not_told_of_one_and_an_order_is_refused()
    {
        using var desk = new VaultDesk(socket: null, _journal, TimeProvider.System);
        Assert.False(desk.HasVault);
        Assert.Equal(VaultRefusal.NoVault, VaultRefusal.TryDecode((await AskAsync(desk, Order.Encode())).Span)!.Code);
    }

    [Fact]
    public void Other_frames_are_left_to_the_print()
    {
        using var desk = new VaultDesk(socket: null, _journal, TimeProvider.System);
        Assert.False(desk.TryTake(new byte[] { 1, 2, 3 }, CancellationToken.None, out _));
        Assert.False(desk.TryTake(VaultNotice.Encode().Span, CancellationToken.None, out _));
    }

    [Theory]
    [InlineData("vault")]
    [InlineData("vault", "--socket", "vault.sock")]
    [InlineData("vault", "--socket", "/run/vault.sock", "--none")]
    public void A_vault_is_a_socket_by_its_whole_path_or_none(params string[] arguments) => Assert.Equal("USAGE", Assert.Throws<GatewayError>(() => CommandLine.Parse(arguments)).Code);

    private static async Task<ReadOnlyMemory<byte>> AskAsync(VaultDesk desk, ReadOnlyMemory<byte> frame)
    {
        Assert.True(desk.TryTake(frame.Span, TestContext.Current.CancellationToken, out var answer));
        return await answer;
    }

    private static PrinterStatus At(double temperature) => new() { Heaters = ImmutableSortedDictionary.Create<string, HeaterState>().Add("heater_generic chamber", new HeaterState(temperature, 0, 0)) };

    /// <summary>A genuine statement of spec/vectors.</summary>
    private static byte[] Vector() => Convert.FromHexString(string.Concat(File.ReadLines(Path.Combine(Repository(), "spec/vectors/statement/licence-grant.hex")).Where(line => !line.StartsWith('#'))));

    private static string Repository([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../.."));
}
