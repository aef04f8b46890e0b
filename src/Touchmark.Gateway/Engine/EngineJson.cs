using System.Text.Json;
using System.Text.Json.Serialization;

namespace Touchmark.Gateway.Engine;

/// <summary>What the engine answers to an enrolment; <see cref="Trust"/> is kept as it came, for offline verification. An engine of before there were tokens hands out neither token nor keys.</summary>
internal sealed record EnrolmentAnswer(
    Guid PrinterId, byte[] EnginePublicKey, JsonElement Trust, string? PrinterToken = null, DateTimeOffset PrinterTokenExpiresAt = default, IReadOnlyList<HandedKey>? PrinterKeys = null);

internal sealed record PresentationRequest(Guid PrinterId, DateTimeOffset PresentedAt, byte[] Profile, byte[] Proof);

/// <summary>What the engine says to a machine that is presented again; no id when nothing differs.</summary>
internal sealed record PresentationAnswer(Guid? EnrolmentId, IReadOnlyList<string>? Differences);

internal sealed record TokenRequest(Guid PrinterId, DateTimeOffset At, byte[] Proof);

internal sealed record TokenAnswer(string? Token, DateTimeOffset ExpiresAt);

/// <summary>A version of the printer's key, sealed for its device key.</summary>
internal sealed record HandedKey(string? KeyId, byte[]? Sealed);

internal sealed record UnwrapRequest(Guid FileId, Guid PrintId);

internal sealed record UnwrapAnswer(string? KeyId, byte[]? ContentKey);

internal sealed record EndRequest(string Outcome);

internal sealed record EndAnswer(string? Outcome);

/// <summary>A token as it is kept; both times by the engine's clock.</summary>
internal sealed record KeptToken(string Token, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt);

/// <summary>A print of a file whose key the engine released, from its beginning until its end is reported.</summary>
/// <param name="PrintId">UUIDv7.</param>
/// <param name="FileId">Of the sealed file.</param>
/// <param name="Outcome">Null until it has ended.</param>
internal sealed record KeptPrint(Guid PrintId, Guid FileId, string? Outcome = null);

/// <summary>Problem details (RFC 9457) with the members that Touchmark adds.</summary>
internal sealed record Problem(string? Title, string? Detail, string? Code, string? Fix, Dictionary<string, JsonElement>? Figures);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EnrolmentAnswer))]
[JsonSerializable(typeof(PresentationRequest))]
[JsonSerializable(typeof(PresentationAnswer))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(IReadOnlyList<HandedKey>))]
[JsonSerializable(typeof(UnwrapRequest))]
[JsonSerializable(typeof(UnwrapAnswer))]
[JsonSerializable(typeof(EndRequest))]
[JsonSerializable(typeof(EndAnswer))]
[JsonSerializable(typeof(KeptToken))]
[JsonSerializable(typeof(IReadOnlyList<KeptPrint>))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class EngineJson : JsonSerializerContext;
