using System.Diagnostics;
using System.Globalization;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Log.Storage;
using Touchmark.Log.Tree;
using Touchmark.Log.Writing;

namespace Touchmark.Log.Tests.Killing;

/// <summary>
/// A process that writes a log in files as fast as it can, prints each receipt, and kills itself (SIGKILL, no handler runs) at a given call of the storage. The bench runs the same file.
/// </summary>
internal static class KilledWriter
{
    public const string Command = "write-and-be-killed";

    private const int Appenders = 40;

    public static LogWriterOptions OptionsOf(string folder) => new(
        "log.example/killed", new Ed25519Signer(Seed(1)), new MlDsa65Signer(Seed(2)), new FolderStore(Path.Combine(folder, "public")), new FolderHeadState(Path.Combine(folder, "head")))
    {
        BatchTime = TimeSpan.FromMilliseconds(5),
    };

    /// <param name="folder">Of the log, which exists.</param>
    /// <param name="call">At which write, deletion or swap to die, from 0; -1 to live until killed.</param>
    /// <param name="when">"before" it or "after" it.</param>
    public static async Task<int> RunAsync(string folder, string call, string when)
    {
        var options = OptionsOf(folder);
        var deadly = new DeadlyStorage(options.Objects, options.Head, int.Parse(call, CultureInfo.InvariantCulture), when == "before");
        // Loading counts, too: it may have a predecessor's work to finish.
        await using var writer = await LogWriter.LoadAsync(options with { Objects = deadly, Head = deadly }, CancellationToken.None);
        var output = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput(), Encoding.ASCII) { AutoFlush = true });
        await Task.WhenAll(Enumerable.Range(0, Appenders).Select(appender => Task.Run(async () =>
        {
            for (var n = 0; ; n++)
            {
                var entry = Encoding.ASCII.GetBytes($"{Environment.ProcessId} {appender} {n} {new string('x', (n * 37) % 400)}");
                var receipt = await writer.AppendAsync(entry, CancellationToken.None);
                await output.WriteLineAsync($"{receipt.Index} {TreeHash.OfLeaf(entry)}");
            }
        })));
        return 0;
    }

    private static byte[] Seed(byte number) => [.. Enumerable.Repeat(number, 32)];

    private sealed class DeadlyStorage(IObjectStore objects, IHeadState head, int deadly, bool before) : IObjectStore, IHeadState
    {
        private int _calls = -1;

        ValueTask<ReadOnlyMemory<byte>?> IObjectReader.ReadAsync(string path, CancellationToken cancel) => objects.ReadAsync(path, cancel);

        ValueTask<LogHead?> IHeadState.ReadAsync(CancellationToken cancel) => head.ReadAsync(cancel);

        public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel) => objects.ListAsync(prefix, cancel);

        public async ValueTask WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancel)
        {
            var dies = Dies();
            await objects.WriteAsync(path, content, cancel);
            Die(dies);
        }

        public async ValueTask DeleteAsync(string path, CancellationToken cancel)
        {
            var dies = Dies();
            await objects.DeleteAsync(path, cancel);
            Die(dies);
        }

        public async ValueTask<bool> ReplaceAsync(LogHead? expected, LogHead next, CancellationToken cancel)
        {
            var dies = Dies();
            var swapped = await head.ReplaceAsync(expected, next, cancel);
            Die(dies);
            return swapped;
        }

        private bool Dies()
        {
            var dies = Interlocked.Increment(ref _calls) == deadly;
            Die(dies && before);
            return dies;
        }

        private static void Die(bool now)
        {
            if (now)
            {
                Process.GetCurrentProcess().Kill();
            }
        }
    }
}
