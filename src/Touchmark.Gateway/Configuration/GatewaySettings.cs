using System.Text.Json.Serialization;
using Touchmark.Cryptography;
using Touchmark.Moonraker;

namespace Touchmark.Gateway.Configuration;

/// <summary>What enrolment decided (<c>gateway.json</c>). Byte strings are base64.</summary>
internal sealed record GatewaySettings
{
    /// <summary>The engine's address, <c>https://…</c>, or <c>http://…</c> on the same host.</summary>
    public required string Engine { get; init; }

    /// <summary>The printer's address as <see cref="MoonrakerAddress"/> reads it.</summary>
    public required string Printer { get; init; }

    public required string Name { get; init; }

    /// <summary>What the engine calls this printer.</summary>
    public required Guid PrinterId { get; init; }

    /// <summary>The engine's transport key as pinned at enrolment: P-256, 65 bytes.</summary>
    public required byte[] EngineKey { get; init; }

    /// <summary>The machine identity profile as enrolled: deterministic CBOR.</summary>
    public required byte[] Profile { get; init; }

    /// <summary>The Unix socket of the vault beside the printer; null where there is none.</summary>
    public string? Vault { get; init; }

    /// <summary>Whether sessions go through Moonraker even where Klipper has the extra.</summary>
    public bool ThroughMoonraker { get; init; }

    [JsonIgnore]
    public bool IsComplete =>
        Engine is not null && Printer is not null && Name is not null && Profile is { Length: > 0 } && EngineKey is not null && P256.IsPublicKey(EngineKey);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(GatewaySettings))]
internal sealed partial class SettingsJson : JsonSerializerContext;
