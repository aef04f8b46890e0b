using Touchmark.Engine.Marketplace;
using Touchmark.Engine.Tests.Server;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Tests.Marketplace;

/// <summary>External licences against a stand-in of the mirror node that follows its OpenAPI.</summary>
public abstract class MirrorBench : IAsyncLifetime
{
    internal const string Evm = "0xac384c53f03855fa1b3616052f8ba32c6c2a2fec";

    internal FakeTime Clock { get; } = new();

    internal StandInMirror Mirror { get; private set; } = null!;

    internal ExternalLicences Licences { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Mirror = await StandInMirror.StartAsync();
        Licences = new ExternalLicences(new EngineOptions { Data = "", Log = "" }, new MirrorNode(Mirror.Address, Clock));
    }

    public ValueTask DisposeAsync()
    {
        Licences.Dispose();
        GC.SuppressFinalize(this);
        return Mirror.DisposeAsync();
    }

    internal async Task<string?> CodeAsync(string? wallet, string? token) => (await CheckAsync(wallet, token))?.Code;

    internal Task<Refusal?> CheckAsync(string? wallet, string? token) => Licences.CheckAsync(Reference(wallet, token, null), CancellationToken.None);

    internal async Task<string?> ResolveCodeAsync(string uri) => (await Licences.ResolveAsync(Uri(uri), CancellationToken.None)).Refusal?.Code;

    internal async Task<byte[]?> ResolveAsync(string uri, bool found = true)
    {
        var outcome = await Licences.ResolveAsync(Uri(uri), CancellationToken.None);
        Assert.Equal(found, outcome.Has(out var model, out var refusal));
        Assert.True(found || refusal is not null);
        return model;
    }

    internal static ExternalReference Reference(string? wallet, string? token, string? uri)
    {
        Assert.True(ExternalReference.Read(new ExternalLicence(uri, wallet, token, null)).Has(out var reference, out _));
        return reference!;
    }

    internal static HederaUri Uri(string text)
    {
        Assert.True(HederaUri.Parse(text).Has(out var uri, out _));
        return uri;
    }
}
