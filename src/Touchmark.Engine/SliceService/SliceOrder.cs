using System.Text.Json;
using Touchmark.Hosting.Problems;
using Touchmark.Streaming.Files;
using Refusal = Touchmark.Hosting.Problems.Refusal;

namespace Touchmark.Engine.SliceService;

/// <summary>The part <c>data</c> of a request: what is to be sliced, and for which machine.</summary>
/// <param name="PrinterId">Needed where a person asks.</param>
/// <param name="Name">Of the file and of an uploaded model.</param>
/// <param name="Material">Of the table in <see cref="Slicing.Material"/>; the setting <c>filament_type</c> may say it instead.</param>
/// <param name="Quality">Of the table in <see cref="Slicing.Quality"/>.</param>
/// <param name="LicenceId">The licence whose design is meant, in the place of a model.</param>
/// <param name="StartPrint">Whether a person's call starts a live session as well. A printer starts its file itself.</param>
/// <param name="WalletAddress">What a marketplace knows the design by: the wallet that bought it,</param>
/// <param name="TokenId">the token that it bought,</param>
/// <param name="ContractAddress">the contract of the token,</param>
/// <param name="Uri">and where it is found; of Hedera, where the model is found too.</param>
internal sealed record SliceOrder(
    Guid? PrinterId = null, string? Name = null, string? Material = null, string? Quality = null, Guid? LicenceId = null, bool StartPrint = false,
    string? WalletAddress = null, string? TokenId = null, string? ContractAddress = null, string? Uri = null)
{
    /// <summary>Longest text, bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxPath = 64;

    public ExternalLicence External => new(Uri, WalletAddress, TokenId, ContractAddress);

    /// <summary>Refusal: DATA_INVALID.</summary>
    public static Outcome<SliceOrder> Read(string text, JsonSerializerOptions json)
    {
        try
        {
            return JsonSerializer.Deserialize<SliceOrder>(text, json) is { } order ? order : Invalid("$");
        }
        catch (JsonException fault)
        {
            return Invalid(fault.Path);
        }

        // The path names a member and never its value.
        static Refusal Invalid(string? path)
        {
            var place = path is { Length: <= MaxPath } && path.All(static c => c is > ' ' and < '\x7f') ? path : "$";
            return Refusal.Invalid("DATA_INVALID", $"The part data is not the JSON that this request takes (at {place}).", "Compare it with docs/slicing.md: each member once, and no others.").With("at", place);
        }
    }
}
