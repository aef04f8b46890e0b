using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Slicing;

/// <summary>Bounds of one run of the slicer.</summary>
internal sealed record SlicerLimits
{
    public static readonly SlicerLimits Default = new();

    /// <summary>Time from start to the last byte of G-code.</summary>
    public TimeSpan WallTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Processor seconds, over all cores (RLIMIT_CPU).</summary>
    public int CpuSeconds { get; init; } = 900;

    /// <summary>Address space of the slicer in MiB (RLIMIT_AS).</summary>
    public int MemoryMiB { get; init; } = 4096;

    /// <summary>Largest G-code in MiB. The scratch space holds the model and two copies of this (PrusaSlicer rewrites its output once).</summary>
    public int OutputMiB { get; init; } = 256;
}

/// <summary>
/// Runs one slicer process in a bubblewrap sandbox that shares nothing with the host but a read-only <c>/usr</c>: no network, no
/// host process, no environment, and a size-limited tmpfs as its only writable place.
/// </summary>
/// <remarks>
/// Model and profile enter through standard input, progress leaves through standard error and G-code through standard output, so nothing
/// plain ever has a name on the host and no descriptor has to be inherited that a second child, started at the same moment, could inherit too.
/// </remarks>
internal sealed class SlicerSandbox(string slicerPath, SlicerLimits limits, TimeProvider time)
{
    private const string Bubblewrap = "/usr/bin/bwrap";

    // The slicer's own standard output carries progress; it joins standard error so that standard output is G-code alone.
    // The soft processor limit is below the hard one: SIGXCPU then tells a slicer out of time from one that was killed.
    private const string Script =
        """
        ulimit -c 0; ulimit -p 256; ulimit -n 256; ulimit -v "$2"; ulimit -f "$3"; ulimit -S -t "$4"; ulimit -H -t "$(($4 + 5))"
        head -c "$1" > profile.ini && cat > "$5" || exit 1
        /run/slicer --export-gcode --loglevel 1 --config-compatibility disable --load profile.ini --output part.gcode "$5" >&2 || exit
        [ ! -e part.gcode ] || exec cat part.gcode
        """;

    // A shell, and bwrap too, reports a child's end by signal N as 128 + N.
    private const int Signalled = 128;
    private const int OutOfProcessorTime = Signalled + 24;
    private const int FileTooLarge = Signalled + 25;

    private static Refusal Missing => Unavailable(
        "SANDBOX_MISSING", "The engine cannot start the slicer's sandbox.", "Install the Debian package bubblewrap on the engine's host, and allow it user namespaces.");

    /// <summary>Slices one model. Cancelling kills the slicer.</summary>
    /// <remarks>
    /// <paramref name="profile"/> is a PrusaSlicer configuration (ini, UTF-8), <paramref name="extension"/> the model's format (<c>stl</c>, <c>3mf</c>).
    /// <paramref name="readGCode"/> reads the G-code as it comes; its result counts only if the slicer ended well. <paramref name="progress"/> is told the
    /// percentage whenever it grows. Refusals: SLICER_MISSING, SANDBOX_MISSING, SLICER_TIMEOUT, SLICER_FLOOD, SLICER_EMPTY, SLICER_REFUSED, SLICER_CRASHED.
    /// </remarks>
    public async Task<Outcome<T>> RunAsync<T>(
        ReadOnlyMemory<byte> profile,
        Stream model,
        string extension,
        Func<Stream, CancellationToken, Task<T>> readGCode,
        Action<int>? progress,
        CancellationToken cancel)
    {
        if (!File.Exists(slicerPath))
        {
            return Unavailable("SLICER_MISSING", "The slicer is not installed.", "Install the Debian package prusa-slicer on the engine's host.").With("path", slicerPath);
        }

        using var process = new Process { StartInfo = StartInfo(profile.Length, extension) };
        if (await StartAsync(process) is not { } exited)
        {
            return Missing;
        }

        using var deadline = new CancellationTokenSource(limits.WallTime, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        using var kill = stop.Token.Register(() => Kill(process));
        var output = new BoundedOutput(process.StandardOutput.BaseStream, limits.OutputMiB * 1024L * 1024, () => Kill(process));
        var report = new SlicerReport(progress);
        var feeding = FeedAsync(profile, model, process.StandardInput.BaseStream, stop.Token);
        var reporting = report.ReadAsync(process.StandardError.BaseStream, CancellationToken.None);
        T? value = default;
        try
        {
            value = await readGCode(output, stop.Token);
            await output.DrainAsync(stop.Token);
            await feeding;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // Judged below.
        }
        finally
        {
            if (!output.Ended)
            {
                Kill(process);
            }

            await exited;
            await Task.WhenAll(feeding, reporting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancel.ThrowIfCancellationRequested();
        return Judge(await exited, output, report, deadline.IsCancellationRequested) is { } refusal ? refusal : value!;
    }

    /// <summary>The slicer's name and version, as the first lines of its help say; null where it or the sandbox is missing.</summary>
    public async Task<string?> VersionAsync(CancellationToken cancel)
    {
        using var process = new Process { StartInfo = Sandboxed(["/run/slicer", "--help"]) };
        if (!File.Exists(slicerPath) || await StartAsync(process) is not { } exited)
        {
            return null;
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        using var kill = stop.Token.Register(() => Kill(process));
        process.StandardInput.Close();
        var report = new SlicerReport(null);
        await Task.WhenAll(
            report.ReadAsync(process.StandardOutput.BaseStream, CancellationToken.None),
            process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None));
        await exited;
        return report.Version ?? Path.GetFileName(slicerPath);
    }

    private Refusal? Judge(int exitCode, BoundedOutput output, SlicerReport report, bool late)
    {
        const string Simplify = "Simplify the model, or choose a coarser quality.";
        if (output.Flooded || exitCode == FileTooLarge)
        {
            return Unusable("SLICER_FLOOD", "The slicer wrote more G-code than a job may have.", Simplify).With("limit_mib", limits.OutputMiB);
        }

        if (late || exitCode == OutOfProcessorTime)
        {
            var timeout = Unusable("SLICER_TIMEOUT", "The slicer did not finish in time.", Simplify);
            return late ? timeout.With("limit_s", limits.WallTime.TotalSeconds) : timeout.With("limit_processor_s", limits.CpuSeconds);
        }

        return exitCode switch
        {
            0 when output.Length == 0 => Unusable("SLICER_EMPTY", "The slicer ended without writing any G-code.", "Check that the model has a printable solid."),
            0 => null,
            1 when report.LastWords is { } words && words.StartsWith("bwrap:", StringComparison.Ordinal) => Missing.With("message", words),
            < Signalled => Unusable("SLICER_REFUSED", "The slicer refused the model.", "Check that the model is a closed solid and fits the printer's build volume.")
                .With("exit_code", exitCode).With("message", report.LastWords),
            _ => Unusable("SLICER_CRASHED", "The slicer crashed on the model.", "Repair the model's mesh and upload it again.").With("signal", exitCode - Signalled),
        };
    }

    private static Refusal Unusable(string code, string text, string fix) => new(StatusCodes.Status422UnprocessableEntity, code, text, fix);

    private static Refusal Unavailable(string code, string text, string fix) => new(StatusCodes.Status503ServiceUnavailable, code, text, fix);

    private ProcessStartInfo StartInfo(int profileLength, string extension)
    {
        var number = CultureInfo.InvariantCulture;
        return Sandboxed([
            "/bin/sh", "-c", Script, "slice",
            profileLength.ToString(number),
            (limits.MemoryMiB * 1024L).ToString(number),
            (limits.OutputMiB * 2048L).ToString(number),
            limits.CpuSeconds.ToString(number),
            "model." + extension,
        ]);
    }

    private ProcessStartInfo Sandboxed(IEnumerable<string> command)
    {
        string[] sandbox =
        [
            "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--die-with-parent", "--new-session",
            "--clearenv", "--setenv", "HOME", "/work", "--setenv", "LC_ALL", "C", "--setenv", "PATH", "/usr/bin",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--proc", "/proc", "--dev", "/dev", "--ro-bind", slicerPath, "/run/slicer",
            "--size", ((3L * limits.OutputMiB + 64) << 20).ToString(CultureInfo.InvariantCulture), "--tmpfs", "/work", "--chdir", "/work", "--",
        ];
        var info = new ProcessStartInfo(Bubblewrap, [.. sandbox, .. command])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        info.Environment.Clear();
        return info;
    }

    /// <summary>Starts the process; the inner task gives its exit code. Null where bubblewrap is not installed.</summary>
    /// <remarks>
    /// <c>--die-with-parent</c> follows the <em>thread</em> that started the child (prctl(2), PR_SET_PDEATHSIG), and pool threads retire when idle:
    /// a thread of the run's own starts the sandbox and stays until it has ended.
    /// </remarks>
    private static async Task<Task<int>?> StartAsync(Process process)
    {
        var started = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var exited = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var keeper = new Thread(() =>
        {
            try
            {
                process.Start();
            }
            catch (Win32Exception)
            {
                started.SetResult(false);
                return;
            }

            started.SetResult(true);
            process.WaitForExit();
            exited.SetResult(process.ExitCode);
        })
        { IsBackground = true, Name = "slicer" };
        keeper.Start();
        return await started.Task ? exited.Task : null;
    }

    private static async Task FeedAsync(ReadOnlyMemory<byte> profile, Stream model, Stream input, CancellationToken cancel)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);
        try
        {
            var next = profile;
            var isFirst = true;
            do
            {
                try
                {
                    await input.WriteAsync(next, cancel);
                }
                catch (IOException)
                {
                    return; // The slicer is gone; its exit code says why.
                }

                next = buffer.AsMemory(0, await model.ReadAtLeastAsync(buffer, MarkedStl.HeadBytes, throwOnEndOfStream: false, cancel));
                if (isFirst)
                {
                    MarkedStl.Mark(buffer.AsSpan(0, next.Length), model.Length);
                    isFirst = false;
                }
            }
            while (next.Length > 0);
        }
        finally
        {
            buffer.AsSpan().Clear();
            await input.DisposeAsync();
        }
    }

    // The sandbox's first process dies with the outer bwrap only once it has asked the kernel to; the tree is killed in case it had not yet come to that.
    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It had ended already.
        }
    }
}
