using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Tests;

/// <summary>A log's keys and three witnesses, always the same.</summary>
internal static class Keys
{
    public const string Origin = "log.example/tests";

    public static Ed25519Signer Ed25519 { get; } = new(Seed("ed25519"));

    public static MlDsa65Signer MlDsa65 { get; } = new(Seed("ml-dsa-65"));

    public static NoteSigner[] Log { get; } = [new(Origin, Ed25519), new(Origin, MlDsa65)];

    public static IReadOnlyList<NoteKey> LogKeys { get; } = [.. Log.Select(signer => signer.Key)];

    public static Cosigner[] Witnesses { get; } = [.. Enumerable.Range(1, 3).Select(i => new Cosigner($"witness.example/{i}", new Ed25519Signer(Seed($"witness {i}"))))];

    /// <summary>Two of the three witnesses.</summary>
    public static LogPolicy Policy { get; } = Parse(string.Concat(
        [.. LogKeys.Select(key => $"log {key}\n"), .. Witnesses.Select((witness, i) => $"witness w{i + 1} {witness.Key}\n"), "group two 2 w1 w2 w3\nquorum two\n"]));

    public static LogPolicy Unwitnessed { get; } = LogPolicy.Of(LogKeys);

    public static byte[] Seed(string what) => SHA256.HashData(Encoding.UTF8.GetBytes("touchmark log test: " + what));

    public static LogPolicy Parse(string text)
    {
        Assert.True(LogPolicy.TryParse(Encoding.UTF8.GetBytes(text), out var policy, out var problem), problem);
        return policy;
    }
}
