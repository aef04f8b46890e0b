using System.Security.Cryptography;
using System.Text;
using Touchmark.Cryptography.Pkcs11;

namespace Touchmark.Vault.Hsm;

/// <summary>
/// Who holds the token. On one host a locked file keeps a second process out. Between hosts the token itself says who holds it, and the counter asks after each
/// write and before it hands the value out: whoever was overtaken meanwhile hands out nothing (docs/decisions/0020-counter.md).
/// </summary>
internal sealed class TokenLease : IDisposable
{
    private const string Label = "touchmark/holder";
    private const int HostSize = 32;
    private const int HolderSize = HostSize + 16;

    private readonly TokenRecord _record;
    private readonly FileStream _file;
    private readonly byte[] _holder;

    private TokenLease(Token token, FileStream file)
    {
        (_record, _file) = (new TokenRecord(token, Label), file);
        _holder = [.. ThisHost(), .. RandomNumberGenerator.GetBytes(HolderSize - HostSize)];
    }

    /// <summary>Takes the token.</summary>
    /// <param name="token">Connected.</param>
    /// <param name="lockFolder">Where the processes of this host find each other's locks.</param>
    /// <param name="takeOver">Also from another host.</param>
    /// <exception cref="HsmException">HSM_IN_USE: by another process here; HSM_HELD_ELSEWHERE: by another host.</exception>
    public static TokenLease Take(Token token, string lockFolder, bool takeOver)
    {
        var lease = new TokenLease(token, LockFile(token.Info!, lockFolder));
        try
        {
            var before = lease._record.Read();
            if (before.Content.Length == HolderSize && !takeOver && !before.Content.AsSpan(0, HostSize).SequenceEqual(lease._holder.AsSpan(0, HostSize)))
            {
                throw new HsmException(new HsmFault(
                    HsmState.Failing, "HSM_HELD_ELSEWHERE", "A vault on another host holds this token.",
                    "Use a token of its own for each vault; if the other host is off for good, start once with --take-over true."));
            }
            lease._record.Write(before, lease._holder);
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <exception cref="HsmException">HSM_TAKEN_OVER: somebody else holds the token by now.</exception>
    public void Require()
    {
        if (!_record.Read().Content.AsSpan().SequenceEqual(_holder))
        {
            throw new HsmException(new HsmFault(
                HsmState.Failing, "HSM_TAKEN_OVER", "Another vault has taken this token over.", "Let one vault use it; restart this one to take it back."));
        }
    }

    public void Dispose() => _file.Dispose();

    private static FileStream LockFile(TokenInfo token, string folder)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{token.Manufacturer}\n{token.Model}\n{token.Serial}")).AsSpan(0, 16));
        try
        {
            return new FileStream(Path.Combine(folder, $"touchmark-hsm-{name}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HsmException(new HsmFault(HsmState.Failing, "HSM_IN_USE", $"Another process of this host uses the token ({e.Message})", "Let one vault use it, and end the other."), e);
        }
    }

    private static byte[] ThisHost()
    {
        var id = File.Exists("/etc/machine-id") ? File.ReadAllText("/etc/machine-id").Trim() : "";
        return SHA256.HashData(Encoding.UTF8.GetBytes($"touchmark vault host\n{(id.Length > 0 ? id : Environment.MachineName)}"));
    }
}
