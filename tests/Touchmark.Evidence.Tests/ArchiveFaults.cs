using System.IO.Compression;
using System.Text;
using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Tests;

/// <summary>Archives that are in order, and archives that are wrong in one way each.</summary>
internal static class ArchiveFaults
{
    private const string Entries = "manifest/tile/entries/000.p/17";
    private const string Tile = "manifest/tile/0/000.p/17";

    public static IReadOnlyDictionary<string, ArchiveScene> Good { get; } = new Dictionary<string, ArchiveScene>
    {
        ["with everything"] = new(),
        ["with a program in it"] = new() { Files = files => files["verifier/touchmark/archive.py"] = "print()\n"u8.ToArray() },
        ["pinned by keys instead of the pin"] = new() { Pin = _ => null },
        ["of a vault that was revoked in the end"] = new() { Entries = (entries, vault) => entries.Add(("revocation", vault.RevocationAt(entries, Workshop.Now.AddMinutes(-30)))) },
        ["with a twin that is not complete"] = new() { Entries = (entries, _) => entries.RemoveAt(13) },
    };

    /// <summary>By the check that says so.</summary>
    public static IReadOnlyDictionary<string, (string Check, ArchiveScene Scene)> Bad { get; } = new Dictionary<string, (string, ArchiveScene)>
    {
        ["another pin"] = ("archive.root-pin", new() { Pin = _ => "BD59-FQPC-AYJ8-70H3-9DQJ-7RKT-4RTQ-X8C5-BMY0-ABZM-VEAE-DY8Y-6ZQ0-F" }),
        ["no root"] = ("archive.root-pin", new() { Files = files => files.Remove("root.json") }),
        ["a root with a policy of its own"] = ("archive.root-pin", new() { Files = files => Replace(files, "root.json", "\n  ]", "\n  ], \"log\": \"quorum none\\n\"") }),
        ["a root of two customers"] = ("archive.root-pin", new() { Files = files => Replace(files, "root.json", "customer/falkner.example", "customer/other.example") }),
        ["the manifest of another customer"] = ("manifest.checkpoint", new() { Files = files => Replace(files, "manifest/checkpoint", "falkner.example/manifest", "falkner.examples/manifest") }),
        ["no checkpoint"] = ("manifest.checkpoint", new() { Files = files => files.Remove("manifest/checkpoint") }),
        ["a checkpoint signed by others"] = ("log.signature", new() { Manifest = "other manifest" }),
        ["a bundle cut out"] = ("archive.chain", new() { Entries = (entries, _) => entries.RemoveAt(10) }),
        ["a chain that begins in the middle"] = ("archive.chain", new() { SecondBundle = bundle => bundle with { Previous = Workshop.Bytes("another bundle") } }),
        ["a counter that goes back"] = ("archive.counter", new() { SecondBundle = bundle => bundle with { MachineCounter = 1, Previous = null } }),
        ["a bundle of revoked keys"] = ("entry-13.bundle.revocation", new() { Entries = (entries, vault) => entries.Add(("revocation", vault.RevocationAt(entries, VaultWorkshop.Signed.AddMinutes(-1)))) }),
        ["a bundle behind the revocation that claims an earlier time"] = ("entry-14.bundle.revocation", new() { Entries = (entries, vault) => entries.Insert(11, ("revocation", vault.RevocationAt(entries, Workshop.Now))) }),
        ["a draft that was left out"] = ("entry-12.twin.draft", new() { Entries = (entries, _) => entries.RemoveAt(11) }),
        ["a completion of another bundle"] = ("entry-14.twin.completion", new() { Completion = twin => twin with { AsBuilt = twin.AsBuilt! with { BundleId = Workshop.Id(99) } } }),
        ["approvals that come after the bundle"] = ("entry-10.bundle.firmware", new() { Entries = (entries, _) => { entries.Add(entries[7]); entries.RemoveAt(7); } }),
        ["a review by an officer"] = ("entry-15.statement.issuer", new() { Entries = (entries, vault) => entries[14] = ("review", vault.Forged(VaultWorkshop.Review)) }),
        ["no vault certificate"] = ("archive.vault", new() { Entries = (entries, _) => entries.RemoveAt(1) }),
        ["an entry that is no statement"] = ("entry-17.envelope", new() { Entries = (entries, _) => entries.Add(("noise", new SignedStatement("noise"u8.ToArray(), default, false))) }),
        ["an entry altered"] = ("manifest.tree", new() { Files = files => files[Entries][^1] ^= 1 }),
        ["a tile altered"] = ("manifest.tree", new() { Files = files => files[Tile][40] ^= 1 }),
        ["a tile left out"] = ("manifest.tree", new() { Files = files => files.Remove(Tile) }),
        ["the entries left out"] = ("manifest.tree", new() { Files = files => files.Remove(Entries) }),
        ["the entries cut off"] = ("manifest.tree", new() { Files = files => files[Entries] = files[Entries][..^1] }),
        ["a tile too many"] = ("manifest.tree", new() { Files = files => files["manifest/tile/0/000.p/18"] = files[Tile] }),
        ["a document left out"] = ("entry-9.statement.document", new() { Files = files => files.Remove(DocumentOf(files)) }),
        ["a document altered"] = ("entry-9.statement.document", new() { Files = files => files[DocumentOf(files)][^1] ^= 1 }),
        ["a document too many"] = ("archive.documents", new() { Files = files => files[$"documents/{new string('a', 64)}"] = "more"u8.ToArray() }),
        ["published too long ago"] = ("manifest.age", new() { Anchor = anchor => anchor with { At = Workshop.Now.AddDays(-3) } }),
        ["an entry with a path upwards"] = ("archive.format", new() { Files = files => files["verifier/../../.profile"] = "rm"u8.ToArray() }),
        ["an entry with a path from the root"] = ("archive.format", new() { Files = files => files["/etc/passwd"] = "root"u8.ToArray() }),
        ["a tile in another spelling"] = ("archive.format", new() { Files = files => files["manifest/tile/0/x000/000"] = files[Tile] }),
        ["an entry of no known name"] = ("archive.format", new() { Files = files => files["more.txt"] = "more"u8.ToArray() }),
        ["a checkpoint of two megabytes"] = ("archive.format", new() { Files = files => files["manifest/checkpoint"] = new byte[2 << 20], Zip = zip => zip }),
        ["a compressed entry"] = ("archive.format", new() { Zip = _ => VaultWorkshop.Zip([new("README.txt", new byte[5000])], CompressionLevel.SmallestSize) }),
        ["an entry that is there twice"] = ("archive.format", new() { Zip = _ => VaultWorkshop.Zip([new("README.txt", [1]), new("README.txt", [2])]) }),
        ["entries that lie upon each other"] = ("archive.format", new() { Zip = _ => Overlap("documents/" + new string('a', 64), "documents/" + new string('b', 64)) }),
        ["a file cut off"] = ("archive.format", new() { Zip = zip => zip[..^30] }),
        ["no ZIP file"] = ("archive.format", new() { Zip = _ => "PK\u0003\u0004 and nothing"u8.ToArray() }),
    };

    private static string DocumentOf(Dictionary<string, byte[]> files) => files.Keys.First(name => name.StartsWith("documents/", StringComparison.Ordinal));

    private static void Replace(Dictionary<string, byte[]> files, string name, string from, string to)
    {
        var text = Encoding.UTF8.GetString(files[name]);
        var at = text.IndexOf(from, StringComparison.Ordinal);
        files[name] = Encoding.UTF8.GetBytes(text[..at] + to + text[(at + from.Length)..]);
    }

    /// <summary>Two entries of the directory that name the same bytes: how a small file claims to be a large one.</summary>
    private static byte[] Overlap(string one, string other)
    {
        var zip = VaultWorkshop.Zip([new(one, new byte[5000])]);
        var end = zip.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        var directory = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        var again = zip[directory..end];
        Encoding.ASCII.GetBytes(other).CopyTo(again, again.AsSpan().IndexOf(Encoding.ASCII.GetBytes(one)));
        byte[] whole = [.. zip[..end], .. again, .. zip[end..]];
        var tail = whole.AsSpan(end + again.Length);
        BitConverter.TryWriteBytes(tail[8..], (ushort)2);
        BitConverter.TryWriteBytes(tail[10..], (ushort)2);
        BitConverter.TryWriteBytes(tail[12..], 2 * again.Length);
        return whole;
    }
}
