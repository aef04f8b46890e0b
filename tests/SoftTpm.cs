using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Touchmark.Cryptography;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Tests;

/// <summary>
/// A software TPM (swtpm) for each test process, behind a resource manager as the kernel has one (tpm2-abrmd), and tpm2-pkcs11 on it, with as many tokens as the
/// tests want. A message bus starts both when they are first asked for.
/// </summary>
internal sealed partial class SoftTpm
{
    public const string UserPin = "161803";

    /// <summary>The way to it, for the TPM software stack.</summary>
    public const string Tcti = "tabrmd:bus_type=session";

    private static readonly Lazy<SoftTpm> Only = new(() => new());
    private static int _tokens;
    private static int _counters;

    private readonly string _folder = Directory.CreateTempSubdirectory("touchmark-tpm-").FullName;
    private readonly Lock _gate = new();
    private readonly nint _library;

    private SoftTpm()
    {
        Process bus = StartBus();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            bus.Kill();
            bus.WaitForExit();
            if (File.Exists(Path.Combine(_folder, "tpm.pid")))
                Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(_folder, "tpm.pid")), CultureInfo.InvariantCulture)).Kill();
            Directory.Delete(_folder, recursive: true);
        };
        Set("DBUS_SESSION_BUS_ADDRESS", $"unix:path={_folder}/bus");
        Set("TPM2TOOLS_TCTI", Tcti);
        Set("TPM2_PKCS11_TCTI", Tcti);
        Set("TPM2_PKCS11_STORE", Directory.CreateDirectory(Path.Combine(_folder, "store")).FullName);
        Set("TPM2_PKCS11_LOG_LEVEL", "0");
        Set("TSS2_LOG", "all+NONE");
        ModulePath = new[] { "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1", "/usr/lib/aarch64-linux-gnu/libtpm2_pkcs11.so.1", "/usr/lib64/pkcs11/libtpm2_pkcs11.so" }.First(File.Exists);
        Module = Pkcs11Module.Load(ModulePath);
        _library = NativeLibrary.Load(ModulePath);
    }

    public static SoftTpm Instance => Only.Value;

    public string ModulePath { get; }

    public Pkcs11Module Module { get; }

    public static LockedBuffer Pin() => LockedBuffer.CopyOf(Encoding.UTF8.GetBytes(UserPin));

    /// <summary>Makes a token and returns its label.</summary>
    public string NewToken()
    {
        string label = $"tpm {Interlocked.Increment(ref _tokens)}";
        lock (_gate)
            TokenMaker.Make(_library, label, "31415926", UserPin);
        return label;
    }

    /// <summary>Defines an NV counter and returns it as the vault's option names it.</summary>
    public string NewCounter()
    {
        string index = $"0x015{Interlocked.Increment(ref _counters):x5}";
        Run("tpm2_nvdefine", index, "-C", "o", "-a", "nt=counter|authread|authwrite|no_da");
        return $"{Tcti}@{index}";
    }

    /// <summary>Runs a program of tpm2-tools on it.</summary>
    public static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program}: {error}");
    }

    private Process StartBus()
    {
        string start = Path.Combine(_folder, "start.sh");
        File.WriteAllText(start, $"""
            #!/bin/sh
            swtpm socket --tpm2 --tpmstate dir={_folder} --server type=unixio,path={_folder}/tpm --ctrl type=unixio,path={_folder}/tpm.ctrl \
                --flags not-need-init,startup-clear --daemon --pid file={_folder}/tpm.pid --log file={_folder}/tpm.log
            exec tpm2-abrmd --session --allow-root --tcti=swtpm:path={_folder}/tpm 2>{_folder}/manager.log
            """);
        string services = Directory.CreateDirectory(Path.Combine(_folder, "services")).FullName;
        File.WriteAllText(Path.Combine(services, "com.intel.tss2.Tabrmd.service"), $"[D-BUS Service]\nName=com.intel.tss2.Tabrmd\nExec=/bin/sh {start}\n");
        File.WriteAllText(Path.Combine(_folder, "bus.conf"), $"""
            <busconfig>
              <type>session</type>
              <listen>unix:path={_folder}/bus</listen>
              <servicedir>{services}</servicedir>
              <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
            </busconfig>
            """);
        Process bus = Process.Start(new ProcessStartInfo("dbus-daemon", ["--nofork", "--syslog-only", "--print-address", $"--config-file={_folder}/bus.conf"])
        {
            UseShellExecute = false, RedirectStandardOutput = true,
        })!;
        // It prints its address when it listens.
        _ = bus.StandardOutput.ReadLine() ?? throw new InvalidOperationException("dbus-daemon did not start.");
        return bus;
    }

    /// <summary>.NET keeps variables for child processes; native code of this one reads the C library's.</summary>
    private static void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        _ = SetVariable(name, value, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
