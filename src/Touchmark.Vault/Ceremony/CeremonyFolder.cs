using System.Text.Json;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Storage;

namespace Touchmark.Vault.Ceremony;

/// <summary>How far a ceremony is. It holds nothing secret.</summary>
internal sealed record CeremonyState
{
    public required Guid CeremonyId { get; init; }

    public required CeremonyKind Kind { get; init; }

    public required string CustomerId { get; init; }

    public required Guid VaultId { get; init; }

    public required Guid PrinterId { get; init; }

    public required string Place { get; init; }

    /// <summary>The name of the keys in the token that it makes, or ends.</summary>
    public required string Generation { get; init; }

    /// <summary>As it was read from paper.</summary>
    public required string RootPin { get; init; }

    public IReadOnlyList<CeremonyStep> Steps { get; init; } = [];
}

/// <summary>
/// What a ceremony leaves on its way: <c>DATA/ceremony</c>. Every step ends with a file that is there whole or not at all, so that after a crash the same command goes on with the step that is
/// next. When it is over, the folder becomes <c>DATA/ceremonies/{id}</c>.
/// </summary>
/// <param name="data">The vault's data folder.</param>
/// <param name="beforeWrite">Lets a test pull the plug before a file is written, and behind it.</param>
internal sealed class CeremonyFolder(string data, Action<string>? beforeWrite = null)
{
    public const string Root = "root.json";
    public const string Custodian = "custodian.cbor";
    public const string Witness = "witness.cbor";
    public const string Request = "request.cbor";
    public const string SigningRequest = "request.csr";
    public const string Certificate = "certificate.cbor";
    public const string Before = "certificate-before.cbor";
    public const string Revocation = "revocation.cbor";
    public const string CustodianRecord = "record-custodian.cbor";
    public const string WitnessRecord = "record-witness.cbor";

    private const string StateFile = "state.json";
    private const string GenerationFile = "generation";
    private const int MaxBytes = 1 << 20;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private string Folder => Path.Combine(data, "ceremony");

    /// <summary>The ceremony that was begun and is not over; null when there is none.</summary>
    public CeremonyState? State => Read(StateFile) is { } json ? JsonSerializer.Deserialize<CeremonyState>(json, Json) : null;

    /// <summary>The generation of keys that the vault's certificate is about; null before a first ceremony.</summary>
    public string? Generation => File.Exists(Path.Combine(data, GenerationFile)) ? File.ReadAllText(Path.Combine(data, GenerationFile)) : null;

    public string PathOf(string name) => Path.Combine(Folder, name);

    public byte[]? Read(string name) => ReadFile(PathOf(name));

    /// <summary>Any file that a person names; null when it is not there, or too large to be one of ours.</summary>
    public static byte[]? ReadFile(string path) => new FileInfo(path) is { Exists: true, Length: > 0 and <= MaxBytes } ? File.ReadAllBytes(path) : null;

    public void Write(string name, ReadOnlySpan<byte> content)
    {
        DataFolder.Create(Folder);
        WriteTo(PathOf(name), content);
    }

    public CeremonyState Save(CeremonyState state)
    {
        Write(StateFile, JsonSerializer.SerializeToUtf8Bytes(state, Json));
        return state;
    }

    public void SaveGeneration(string generation) => WriteTo(Path.Combine(data, GenerationFile), System.Text.Encoding.ASCII.GetBytes(generation));

    /// <summary>The ceremony is over.</summary>
    public void Close(CeremonyState state)
    {
        beforeWrite?.Invoke("close");
        DataFolder.Create(Path.Combine(data, "ceremonies"));
        Directory.Move(Folder, Path.Combine(data, "ceremonies", state.CeremonyId.ToString("D")));
        DurableFile.FlushFolder(data);
    }

    private void WriteTo(string path, ReadOnlySpan<byte> content)
    {
        beforeWrite?.Invoke(Path.GetFileName(path));
        DurableFile.Write(path, content);
        beforeWrite?.Invoke($"after {Path.GetFileName(path)}");
    }
}
