using System.Text.Json;
using Touchmark.Gateway.Configuration;
using Touchmark.Gateway.Diagnostics;

namespace Touchmark.Gateway.Engine;

/// <summary>
/// The prints whose key the engine released, in a file of the gateway's folder: a gateway that is restarted in the middle of a print goes on with the same print, which is counted once, and an end that could not be
/// reported is reported later. Callable from any thread.
/// </summary>
internal sealed class PrintLedger(GatewayHome home, Journal journal, TimeProvider time)
{
    /// <summary>One printer prints one thing at a time; the rest are ends that wait for the engine.</summary>
    private const int MostKept = 200;

    private readonly Lock _lock = new();
    private readonly List<KeptPrint> _prints = Read(home, journal);

    /// <summary>Ends that are to be reported.</summary>
    public IReadOnlyList<KeptPrint> Ended
    {
        get
        {
            lock (_lock)
            {
                return _prints.FindAll(static print => print.Outcome is not null);
            }
        }
    }

    /// <summary>The print of this file: the one that has not ended, otherwise a new one, which is on the disk before this returns.</summary>
    /// <param name="fileId">The file.</param>
    /// <param name="instead">Of this one, which the engine takes no more.</param>
    /// <exception cref="GatewayError">It cannot be kept.</exception>
    public Guid Begin(Guid fileId, Guid? instead = null)
    {
        lock (_lock)
        {
            if (_prints.Find(print => print.FileId == fileId && print.Outcome is null && print.PrintId != instead) is { } running)
            {
                return running.PrintId;
            }

            var print = new KeptPrint(Guid.CreateVersion7(time.GetUtcNow()), fileId);
            _prints.RemoveAll(former => former.PrintId == instead);
            _prints.Add(print);
            if (_prints.Count > MostKept)
            {
                _prints.RemoveAt(0);
            }

            try
            {
                Write();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _prints.Remove(print);
                throw new GatewayError("HOME_UNWRITABLE", "The gateway cannot keep which print this is: its folder cannot be written.", "Make room on its disk, or mend the rights of the folder.");
            }

            return print.PrintId;
        }
    }

    /// <summary>The print has ended; false where it is none of these.</summary>
    public bool End(Guid printId, string outcome) => Change(prints =>
    {
        var at = prints.FindIndex(print => print.PrintId == printId && print.Outcome is null);
        if (at >= 0)
        {
            prints[at] = prints[at] with { Outcome = outcome };
        }

        return at >= 0;
    });

    /// <summary>The engine knows its end, or never knew it.</summary>
    public void Forget(Guid printId) => Change(prints => prints.RemoveAll(print => print.PrintId == printId) > 0);

    private bool Change(Func<List<KeptPrint>, bool> change)
    {
        lock (_lock)
        {
            if (!change(_prints))
            {
                return false;
            }

            try
            {
                Write();
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                journal.Event("the list of prints could not be written to the gateway's folder");
            }

            return true;
        }
    }

    private void Write() => home.WritePrints(JsonSerializer.SerializeToUtf8Bytes(_prints, EngineJson.Default.IReadOnlyListKeptPrint));

    private static List<KeptPrint> Read(GatewayHome home, Journal journal)
    {
        try
        {
            return home.ReadPrints() is { } kept && JsonSerializer.Deserialize(kept, EngineJson.Default.IReadOnlyListKeptPrint) is { } prints ? [.. prints.Where(static print => print is not null)] : [];
        }
        catch (Exception failure) when (failure is JsonException or IOException)
        {
            journal.Event("the list of prints in the gateway's folder is unreadable; prints that were running begin anew");
            return [];
        }
    }
}
