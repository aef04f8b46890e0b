using System.Globalization;
using System.Security.Cryptography;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Verification;
using Touchmark.Log.Writing;
using Touchmark.Vault;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Bench.Vault;

/// <summary>
/// A vault's data folder with as many bundles as one wants: each signed with both keys, chained to the one before, and an entry of the manifest's tree. Its keys are in memory, and its entries
/// are appended in batches, which is all that tells it from one that was signed job by job.
/// </summary>
internal sealed class MadeArchive : IDisposable
{
    /// <summary>Bundles from one anchor to the next.</summary>
    private const int AnchorBundles = 120;

    /// <summary>Appends that are under way at once.</summary>
    private const int Ahead = 4096;

    private static readonly string[] Learned = ["slicer-drift", "sensor-anomaly", "operator-context"];

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(30);

    private readonly Customer customer = new();

    private MadeArchive(string folder) => Folder = folder;

    public string Folder { get; }

    public MemoryHsm Hsm { get; } = new();

    /// <summary>The root alone.</summary>
    public TrustStore Trust => customer.Trust;

    /// <summary>Every bundle's id.</summary>
    public List<Guid> Ids { get; } = [];

    public static async Task<MadeArchive> MakeAsync(string folder, int bundles)
    {
        var archive = new MadeArchive(folder);
        await archive.FillAsync(bundles);
        return archive;
    }

    public void Dispose()
    {
        Hsm.Dispose();
        customer.Dispose();
    }

    private async Task FillAsync(int bundles)
    {
        var end = TimeProvider.System.GetUtcNow();
        var start = end - (Pace * bundles);
        Directory.CreateDirectory(Folder);
        var certificate = customer.Certify(Folder, Hsm.AllKeys, start);
        var keys = Hsm.AllKeys;
        using var storage = new ManifestStorage(VaultOptions.In(Folder));
        var options = new LogWriterOptions(certificate.ManifestOrigin, keys.ManifestEd25519.Signer, keys.ManifestMlDsa65.Signer, storage.Objects, storage.Head) { BatchEntries = Ahead / 2 };
        await LogWriter.CreateAsync(options, CancellationToken.None);
        await using var writer = await LogWriter.LoadAsync(options, CancellationToken.None);
        var signer = new StatementSigner(keys.Primary.Signer, keys.Shadow.Signer, Issuers.OfVault(certificate.VaultId));
        var receipt = await writer.AppendAsync(await File.ReadAllBytesAsync(Path.Combine(Folder, "certificate.cbor")), CancellationToken.None);
        var under = new Queue<Task<LogReceipt>>();
        byte[]? previous = null;
        for (var n = 0; n < bundles; n++)
        {
            var at = start + (Pace * n);
            var statement = signer.Sign(Bundle(certificate, n + 1, at, previous), at);
            previous = SHA256.HashData(statement.Envelope.Span);
            under.Enqueue(writer.AppendAsync(statement.Envelope, CancellationToken.None).AsTask());
            if (n % AnchorBundles == 0)
            {
                var mark = receipt.Checkpoint.Checkpoint;
                var anchor = new LogAnchor { AnchorId = Guid.CreateVersion7(at), Origin = mark.Origin, Size = mark.Size, Root = mark.Root.ToArray(), At = at };
                under.Enqueue(writer.AppendAsync(signer.Sign(anchor, at).Envelope, CancellationToken.None).AsTask());
            }

            while (under.Count >= Ahead)
            {
                receipt = await under.Dequeue();
            }
        }

        foreach (var last in under)
        {
            receipt = await last;
        }

        Hsm.Counter = new CounterReading(bundles, new ManifestMark(receipt.Checkpoint.Checkpoint.Size, receipt.Checkpoint.Checkpoint.Root));
    }

    /// <summary>As the daemon makes them for a job of which no more than the toolpath is known.</summary>
    private EvidenceBundle Bundle(VaultCertificate certificate, int number, DateTimeOffset at, byte[]? previous)
    {
        Ids.Add(Guid.CreateVersion7(at));
        var name = string.Create(CultureInfo.InvariantCulture, $"job {number}");
        return new EvidenceBundle
        {
            BundleId = Ids[^1],
            CustomerId = certificate.CustomerId,
            PrinterId = certificate.PrinterId,
            VaultId = certificate.VaultId,
            SignedAt = at,
            MachineCounter = number,
            Previous = previous is null ? null : (ReadOnlyMemory<byte>?)previous,
            JobId = name,
            GCodeSha256 = SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name)),
            GCodeBytes = 1_200_000,
            SlicerAttest = new SlicerAttest(SlicerLevel.SelfIdentified, "The file says so itself; nobody showed the program that made it.") { Name = "CuraEngine", Version = "5.0.0" },
            Firmware = new FirmwareStanding(FirmwareState.Unknown, [], "The vault was told of no printer and of no image."),
            SensorEnvelope = new Dictionary<string, SensorRange> { ["chamber"] = new(22.1, 41.7, 38.4, "°C", 3600), ["humidity"] = new(18, 24, 21.5, "%", 3600) },
            DegradedReasons = ["The vault was told of no printer and of no image."],
            KeyCustody = new KeyCustodies(KeyCustody.Token, KeyCustody.Software),
            Models = [.. Learned.Select(model => new ReviewModel(model, "1", SHA256.HashData(BitConverter.GetBytes(number))))],
            Signals = [.. Learned.Append("bundle-completeness").Select(signal => new ReviewSignal(signal, 0.1, "As the jobs of this site are.", []))],
            Material = "PLA",
        };
    }
}
