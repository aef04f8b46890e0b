using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Touchmark.Cryptography.Pkcs11;
using Touchmark.Tests;
using Touchmark.Vault.Hsm;

namespace Touchmark.Vault.Tests.Hsm;

/// <summary>A process that takes values of the counter, prints each one that it was given, and dies where it is told to (SIGKILL: no handler runs), or when it is killed.</summary>
internal static class CountingProcess
{
    public const string Command = "count-and-be-killed";

    /// <param name="options">Of the token.</param>
    /// <param name="values">How many to take; 0 for as many as it can.</param>
    /// <param name="deadlyCall">At which call that changes the token to die, from 1; 0 for none.</param>
    public static Process Start(HsmOptions options, int values, int deadlyCall = 0)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", typeof(CountingProcess).Assembly.Location, Command, options.Module!, options.TokenLabel!, options.PinFile!,
            values.ToString(CultureInfo.InvariantCulture), deadlyCall.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    public static int Run(string[] args)
    {
        var options = new HsmOptions { Module = args[0], TokenLabel = args[1], PinFile = args[2] };
        var (values, deadly) = (int.Parse(args[3], CultureInfo.InvariantCulture), int.Parse(args[4], CultureInfo.InvariantCulture));
        using var hsm = VaultHsm.Open(options, deadly == 0 ? null : path => new DeadlyModule(SoftHsm.FunctionsOf(NativeLibrary.Load(path)), deadly).Load(path));
        using var output = new StreamWriter(Console.OpenStandardOutput(), Encoding.ASCII) { AutoFlush = true };
        for (var taken = 0; values == 0 || taken < values; taken++)
        {
            output.Write(hsm.Increment(TokenBench.MarkAt(taken)).ToString(CultureInfo.InvariantCulture) + "\n");
            // A busy vault sets values aside, and an idle one gives them back.
            if (taken % 7 == 6)
            {
                hsm.Confirm(TokenBench.MarkAt(taken));
            }
            else
            {
                hsm.SetAside(TokenBench.MarkAt(taken));
            }
        }
        hsm.Confirm(TokenBench.MarkAt(values));
        return 0;
    }

    /// <summary>What a process printed, whole lines only: the last one may be cut off. After the given number of values it is killed.</summary>
    public static async Task<List<long>> ReadAsync(Process process, int killAfter = int.MaxValue)
    {
        List<long> values = [];
        var text = "";
        var buffer = new char[256];
        while (await process.StandardOutput.ReadAsync(buffer) is > 0 and var length)
        {
            text += new string(buffer, 0, length);
            var lines = text.Split('\n');
            text = lines[^1];
            values.AddRange(lines[..^1].Select(line => long.Parse(line, CultureInfo.InvariantCulture)));
            if (values.Count >= killAfter)
            {
                process.Kill();
            }
        }
        await process.WaitForExitAsync();
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        return values;
    }

    /// <summary>Dies at a call that changes the token: before odd ones, after even ones.</summary>
    private sealed class DeadlyModule(nint real, int deadly) : InterposedModule(real)
    {
        private int _calls;

        protected override CkResult Call(string function, nuint[] arguments, Func<CkResult> real)
        {
            if (function is not ("CreateObject" or "DestroyObject") || ++_calls != deadly)
            {
                return real();
            }
            var result = deadly % 2 == 0 ? real() : CkResult.CKR_OK;
            Process.GetCurrentProcess().Kill();
            return result;
        }
    }
}
