using System.Text.Json;
using Touchmark.Hosting.Problems;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.Marketplace;

/// <summary>External licences: whether the wallet that they name holds their token, and the model that their URI leads to. Both need a mirror node.</summary>
internal sealed class ExternalLicences(EngineOptions options, MirrorNode? mirror) : IDisposable
{
    private const int AtOnce = 2;
    private const int MaxHops = 3;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private readonly SemaphoreSlim turns = new(AtOnce, AtOnce);

    /// <summary>Whether external licences are looked up at all; without a mirror node they are kept as they come.</summary>
    public bool Looks => mirror is not null;

    /// <summary>What the four texts say together, looked up where that can be done; null when none of them is there.</summary>
    /// <remarks>Refusals: those of <see cref="ExternalReference.Read"/> and of the looking up, EXTERNAL_LICENCE_NOT_HELD, EXTERNAL_LICENCE_INCOMPLETE, HEDERA_NETWORK, and those of the mirror node.</remarks>
    public async Task<Outcome<ExternalReference?>> ReadAsync(ExternalLicence texts, CancellationToken cancel)
    {
        var read = ExternalReference.Read(texts);
        return read.Has(out var reference, out _) && reference is not null && await CheckAsync(reference, cancel) is { } refusal ? refusal : read;
    }

    /// <summary>Null when the wallet holds the token, when no token is named that it could hold, or when nothing is looked up.</summary>
    /// <remarks>It proves that the wallet holds the token, not that the caller holds the wallet.</remarks>
    public async Task<Refusal?> CheckAsync(ExternalReference reference, CancellationToken cancel)
    {
        if (mirror is null || (reference is { Token: null, Licence: { WalletAddress: null, TokenId: null, ContractAddress: null } }))
        {
            return null;
        }

        if (reference.Token is not { } token || reference.Licence.WalletAddress is not { } wallet)
        {
            return Refusal.Invalid(
                "EXTERNAL_LICENCE_INCOMPLETE", "The engine looks external licences up on Hedera, and this one names no wallet together with a token of Hedera.",
                "Send wallet_address and token_id (0.0.1234/7 for a serial number), or none of the fields.");
        }

        return CheckNetwork(reference.Uri) ?? await CheckHolderAsync(mirror, wallet, token, cancel);
    }

    /// <summary>The model that a URI leads to: the file on its topic, or the one that the metadata (HIP-412) of its token names.</summary>
    /// <remarks>Refusals: MIRROR_NODE_MISSING, HEDERA_NETWORK, URI_NOT_FOUND, URI_WITHOUT_MODEL, and those of the topic's file and of the mirror node.</remarks>
    public async Task<Outcome<byte[]>> ResolveAsync(HederaUri uri, CancellationToken cancel)
    {
        if (mirror is null)
        {
            return new Refusal(StatusCodes.Status501NotImplemented, "MIRROR_NODE_MISSING", "This engine looks nothing up on Hedera.", "Send the model itself; or the engine's operator names a mirror node with --mirror-node.");
        }

        if (CheckNetwork(uri) is { } refusal)
        {
            return refusal;
        }

        await turns.WaitAsync(cancel);
        try
        {
            return await FollowAsync(mirror, uri, cancel);
        }
        finally
        {
            turns.Release();
        }
    }

    public void Dispose()
    {
        turns.Dispose();
        mirror?.Dispose();
    }

    private Refusal? CheckNetwork(HederaUri? uri) => uri?.Network is null || uri.Network == options.HederaNetwork ? null
        : Refusal.Invalid("HEDERA_NETWORK", $"The URI is of {uri.Network}, and this engine looks things up on {options.HederaNetwork}.", $"Name something on {options.HederaNetwork}.").With("network", uri.Network).With("engine", options.HederaNetwork);

    private static async Task<Refusal?> CheckHolderAsync(MirrorNode mirror, string wallet, HederaToken token, CancellationToken cancel)
    {
        Refusal? refusal;
        if (token.Serial is not { } serial)
        {
            return !(await mirror.FindBalanceAsync(wallet, token.Token, cancel)).Has(out var balance, out refusal) ? refusal : balance > 0 ? null : NotHeld(wallet, token);
        }

        if (!(await mirror.FindNftAsync(token.Token, serial, cancel)).Has(out var nft, out refusal))
        {
            return refusal;
        }

        if (nft is not { Deleted: false, Account: { } holder })
        {
            return NotHeld(wallet, token);
        }

        string? account = wallet;
        return HederaId.IsAddress(wallet) && !(await mirror.FindAccountAsync(wallet, cancel)).Has(out account, out refusal) ? refusal : holder == account ? null : NotHeld(wallet, token);
    }

    private static Refusal NotHeld(string wallet, HederaToken token) => new Refusal(
        StatusCodes.Status403Forbidden, "EXTERNAL_LICENCE_NOT_HELD", $"The wallet {wallet} does not hold {token}.", "Name the wallet that holds it. What was bought just now is there a few seconds later.")
        .With("wallet_address", wallet).With("token", token.ToString());

    /// <summary>From a token to what its metadata names, and from there to the model.</summary>
    private static async Task<Outcome<byte[]>> FollowAsync(MirrorNode mirror, HederaUri uri, CancellationToken cancel)
    {
        var next = uri;
        for (var hop = 0; hop < MaxHops; hop++)
        {
            Refusal? refusal;
            string? location;
            if (next.Topic is { } topic)
            {
                if (!(await TopicFile.ReadAsync(mirror, topic, cancel)).Has(out var file, out refusal))
                {
                    return refusal;
                }

                if (file.MediaType != "application/json")
                {
                    return file.Content;
                }

                location = ModelOf(file.Content);
            }
            else if (!(await PointerAsync(mirror, next.Token!, cancel)).Has(out location, out refusal))
            {
                return refusal;
            }

            if (location is null || !HederaUri.IsOne(location) || !HederaUri.Parse(location).Has(out next, out _) || next.Topic is null)
            {
                return new Refusal(
                    StatusCodes.Status422UnprocessableEntity, "URI_WITHOUT_MODEL", "The URI leads to no model that can be read through a mirror node.",
                    "Send the model itself. Metadata has to name it as hcs://1/topic, with a type such as model/stl or model/3mf; addresses elsewhere are not followed.");
            }
        }

        return new Refusal(StatusCodes.Status422UnprocessableEntity, "URI_WITHOUT_MODEL", $"The URI leads from file to file, and to no model within {MaxHops}.", "Send the model itself.").With("limit", MaxHops);
    }

    private static async Task<Outcome<string?>> PointerAsync(MirrorNode mirror, HederaToken token, CancellationToken cancel)
    {
        Refusal? refusal;
        var (pointer, there) = ((string?)null, false);
        if (token.Serial is not { } serial)
        {
            if (!(await mirror.FindTokenAsync(token.Token, cancel)).Has(out pointer, out refusal))
            {
                return refusal;
            }

            there = pointer is not null;
        }
        else if (!(await mirror.FindNftAsync(token.Token, serial, cancel)).Has(out var nft, out refusal))
        {
            return refusal;
        }
        else
        {
            (pointer, there) = (nft?.Metadata, nft is { Deleted: false });
        }

        return there ? pointer
            : Refusal.NotFound($"There is no token {token}.", "Check the URI, and whether the engine's mirror node is of the same network. Files of the file service cannot be read through a mirror node.") with { Code = "URI_NOT_FOUND" };
    }

    /// <summary>The first file of a model's type in token metadata (HIP-412): <c>files</c>, of the object itself or of its <c>properties</c>.</summary>
    private static string? ModelOf(byte[] metadata)
    {
        try
        {
            using var json = JsonDocument.Parse(metadata, Strict);
            return FilesOf(json.RootElement).Concat(json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("properties", out var properties) ? FilesOf(properties) : [])
                .Where(static file => Text(file, "type") is "model/stl" or "model/3mf" or "application/sla" or "application/vnd.ms-package.3dmanufacturing-3dmodel+xml")
                .Select(static file => Text(file, "uri")).FirstOrDefault();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static IReadOnlyList<JsonElement> FilesOf(JsonElement parent) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty("files", out var files) && files.ValueKind == JsonValueKind.Array ? [.. files.EnumerateArray()] : [];

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}

/// <summary>External licences of marketplaces.</summary>
internal static class MarketplaceFeature
{
    public static void AddMarketplace(this IServiceCollection services) => services.AddSingleton(static provider =>
    {
        var options = provider.GetRequiredService<EngineOptions>();
        return new ExternalLicences(options, options.MirrorNode is { } address ? new MirrorNode(address, provider.GetRequiredService<TimeProvider>()) : null);
    });
}
