using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.PrinterTokens;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.PrinterTokens;

/// <summary>An engine with an enrolled printer and what its gateway has.</summary>
internal sealed class Bench : IAsyncDisposable
{
    public required ServerFactory Server { get; init; }

    public required Person Maker { get; init; }

    /// <summary>The clock that tokens go by: moving all of an engine's by weeks would fire each of its timers for each second of them.</summary>
    public required FakeTime Clock { get; init; }

    public P256PrivateKey Device { get; } = P256PrivateKey.Generate();

    public Guid PrinterId { get; private set; }

    public string Token { get; private set; } = "";

    public PrinterTokenDesk Tokens => Server.Services.GetRequiredService<PrinterTokenDesk>();

    public static async Task<Bench> OpenAsync(StorageKind storage = StorageKind.Sqlite)
    {
        var clock = new FakeTime();
        var server = await ServerFactory.StartAsync(storage, services => services.AddSingleton(provider => ActivatorUtilities.CreateInstance<PrinterTokenDesk>(provider, clock)));
        var bench = new Bench { Server = server, Maker = await server.JoinAsync(Role.Manufacturer, "Print Shop"), Clock = clock };
        using var gateway = server.Stranger();
        var answer = (await gateway.PostAsync("/api/enrolments", Gateways.Enrolment(bench.Device, await bench.Maker.PairingCodeAsync()))).IsGood();
        (bench.PrinterId, bench.Token) = (answer["printer_id"].GetGuid(), answer["printer_token"].GetString()!);
        return bench;
    }

    /// <summary>The printer's gateway with this token, or the one of its enrolment.</summary>
    public Person Gateway(string? token = null) => Server.Bearing(token ?? Token);

    public async ValueTask DisposeAsync()
    {
        Maker.Dispose();
        await Server.DisposeAsync();
        Device.Dispose();
    }
}
