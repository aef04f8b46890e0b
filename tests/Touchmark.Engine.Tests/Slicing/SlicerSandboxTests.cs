using System.Text;
using Touchmark.Engine.Slicing;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Tests.Slicing;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SlicerSandboxTests
{
    private const string PrusaSlicer = "/usr/bin/prusa-slicer";
    private readonly FakeTime time = new();

    [Fact]
    public async Task Model_and_profile_reach_the_slicer_whole_and_its_output_comes_back_whole()
    {
        var model = new byte[3_000_001];
        Random(model);
        var profile = Encoding.UTF8.GetBytes("layer_height = 0.2\n# no newline at the end");

        var gcode = await SliceAsync("cat profile.ini model.stl > part.gcode", model: model, profile: profile);

        Assert.True(gcode.Has(out var bytes, out _));
        Assert.Equal([.. profile, .. model], bytes);
    }

    [Fact]
    public async Task Progress_only_grows()
    {
        var seen = new List<int>();
        var gcode = await SliceAsync("echo '10 => a'; echo '70 => b'; echo '30 => c'; echo '900 => d'; echo 'x => y'; echo '88 => e'; echo G28 > part.gcode", progress: seen.Add);

        Assert.True(gcode.Has(out _, out _));
        Assert.Equal([10, 70, 88], seen);
    }

    [Fact]
    public async Task Slicer_that_hangs_is_killed_with_all_its_children_when_its_time_is_over()
    {
        using var slicer = new FakeSlicer("sleep 1000 & echo '5 => hanging'; sleep 1000");

        var refusal = await RefusalAsync(slicer, progress: _ => time.Advance(TimeSpan.FromMinutes(11)));

        Assert.Equal("SLICER_TIMEOUT", refusal.Code);
        Assert.Equal(600d, refusal.Figures["limit_s"]);
        Assert.False(slicer.IsRunning);
    }

    [Fact]
    public async Task Slicer_that_burns_processor_time_is_stopped_by_the_kernel()
    {
        using var slicer = new FakeSlicer("while :; do :; done");
        Assert.Equal("SLICER_TIMEOUT", (await RefusalAsync(slicer, new SlicerLimits { CpuSeconds = 1 })).Code);
    }

    [Fact]
    public async Task Slicer_that_crashes_is_told_with_its_signal()
    {
        using var slicer = new FakeSlicer("kill -SEGV $$");
        var refusal = await RefusalAsync(slicer);
        Assert.Equal("SLICER_CRASHED", refusal.Code);
        Assert.Equal(11, refusal.Figures["signal"]);
    }

    [Fact]
    public async Task Slicer_that_refuses_is_quoted_without_control_characters()
    {
        using var slicer = new FakeSlicer("printf 'Object \\033[2Jtoo large\\n' >&2; exit 3");
        var refusal = await RefusalAsync(slicer);
        Assert.Equal("SLICER_REFUSED", refusal.Code);
        Assert.Equal(3, refusal.Figures["exit_code"]);
        Assert.Equal("Object [2Jtoo large", refusal.Figures["message"]);
    }

    [Theory]
    [InlineData("exit 0")]
    [InlineData(": > part.gcode")]
    public async Task Slicer_that_writes_nothing_is_refused(string script)
    {
        using var slicer = new FakeSlicer(script);
        Assert.Equal("SLICER_EMPTY", (await RefusalAsync(slicer)).Code);
    }

    [Fact]
    public async Task Slicer_that_floods_its_output_is_stopped_at_the_limit()
    {
        using var slicer = new FakeSlicer("yes G1 > part.gcode");
        Assert.Equal("SLICER_FLOOD", (await RefusalAsync(slicer, new SlicerLimits { OutputMiB = 1 })).Code);
    }

    [Fact]
    public async Task Slicer_that_fills_its_scratch_space_with_many_files_is_refused()
    {
        using var slicer = new FakeSlicer("for i in $(seq 100); do head -c 1M /dev/zero > $i || exit 9; done");
        var refusal = await RefusalAsync(slicer, new SlicerLimits { OutputMiB = 1 });
        Assert.Equal("SLICER_REFUSED", refusal.Code);
        Assert.Contains("No space left on device", (string)refusal.Figures["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slicer_that_wants_more_memory_than_allowed_does_not_get_it()
    {
        using var slicer = new FakeSlicer("head -c 200M /dev/zero | tail -c 150M > part.gcode || exit 7");
        var refusal = await RefusalAsync(slicer, new SlicerLimits { MemoryMiB = 64 });
        Assert.Equal(7, refusal.Figures["exit_code"]);
    }

    [Fact]
    public async Task Sandbox_has_no_network_no_host_files_no_environment_and_no_host_processes()
    {
        Environment.SetEnvironmentVariable("TOUCHMARK_TEST_SECRET", "visible");
        var gcode = await SliceAsync("{ ls -d /proc/[0-9]* | wc -l; tail -n +3 /proc/net/dev | wc -l; env; ls / /tmp /etc /home /root /var; touch /usr/x /run/y; id -u; } > part.gcode 2>&1");

        Assert.True(gcode.Has(out var bytes, out _));
        var text = Encoding.UTF8.GetString(bytes);
        var lines = text.Split('\n');
        Assert.InRange(int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture), 1, 8);
        Assert.Equal("1", lines[1].Trim()); // the loopback of its own
        Assert.DoesNotContain("TOUCHMARK", text, StringComparison.Ordinal);
        Assert.Contains("bin\ndev\nlib\nlib64\nproc\nrun\nusr\nwork\n", text, StringComparison.Ordinal);
        Assert.Contains("touch: cannot touch '/usr/x': Read-only file system", text, StringComparison.Ordinal);
        Assert.Equal("65534", lines[^2]);
    }

    [Fact]
    public async Task Cancelling_kills_the_slicer()
    {
        using var slicer = new FakeSlicer("echo '5 => hanging'; sleep 1000");
        using var cancel = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SliceAsync(slicer, SlicerLimits.Default, progress: _ => cancel.Cancel(), cancel: cancel.Token));

        Assert.False(slicer.IsRunning);
    }

    [Fact]
    public async Task Reader_that_fails_ends_the_slicer_and_keeps_its_own_error()
    {
        using var slicer = new FakeSlicer("yes G1 | head -c 50M > part.gcode");
        var sandbox = new SlicerSandbox(slicer.Path, SlicerLimits.Default, time);

        await Assert.ThrowsAsync<InvalidDataException>(() => sandbox.RunAsync<int>(
            new byte[1], new MemoryStream(), "stl", (_, _) => throw new InvalidDataException(), null, CancellationToken.None));

        Assert.False(slicer.IsRunning);
    }

    [Fact]
    public async Task Missing_slicer_is_named_with_the_package_to_install()
    {
        var refusal = (await new SlicerSandbox("/nowhere/slicer", SlicerLimits.Default, time)
            .RunAsync(new byte[1], new MemoryStream(), "stl", ReadAllAsync, null, CancellationToken.None)).Refusal!;
        Assert.Equal("SLICER_MISSING", refusal.Code);
        Assert.Contains("prusa-slicer", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_real_slicer_tells_its_version()
    {
        Assert.Matches("^PrusaSlicer 2\\.", await new SlicerSandbox(PrusaSlicer, SlicerLimits.Default, time).VersionAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_real_slicer_reads_a_binary_box_none_of_whose_bytes_is_over_127()
    {
        var box = Models.BinaryStl(40, 40, 3);
        Assert.True(box.AsSpan().IndexOfAnyInRange((byte)128, (byte)255) < 0);

        var gcode = await new SlicerSandbox(PrusaSlicer, SlicerLimits.Default, time).RunAsync("layer_height = 0.2\n"u8.ToArray(), new MemoryStream(box), "stl", ReadAllAsync, null, CancellationToken.None);

        Assert.True(gcode.Has(out var bytes, out var refusal), refusal?.Text);
        Assert.Contains("\nG1 ", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    private async Task<Refusal> RefusalAsync(FakeSlicer slicer, SlicerLimits? limits = null, Action<int>? progress = null)
    {
        var outcome = await SliceAsync(slicer, limits ?? SlicerLimits.Default, progress: progress);
        return Assert.IsType<Refusal>(outcome.Refusal);
    }

    private async Task<Outcome<byte[]>> SliceAsync(string script, byte[]? model = null, byte[]? profile = null, Action<int>? progress = null)
    {
        using var slicer = new FakeSlicer(script);
        return await SliceAsync(slicer, SlicerLimits.Default, model, profile, progress);
    }

    private Task<Outcome<byte[]>> SliceAsync(
        FakeSlicer slicer, SlicerLimits limits, byte[]? model = null, byte[]? profile = null, Action<int>? progress = null, CancellationToken cancel = default) =>
        new SlicerSandbox(slicer.Path, limits, time).RunAsync(profile ?? "a = 1\n"u8.ToArray(), new MemoryStream(model ?? [1, 2, 3]), "stl", ReadAllAsync, progress, cancel);

    private static async Task<byte[]> ReadAllAsync(Stream stream, CancellationToken cancel)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, cancel);
        return all.ToArray();
    }

    private static void Random(byte[] bytes) => System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
}
