using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Touchmark.Cryptography;

/// <summary>Who is at the other end of a Unix socket, as the kernel tells (unix(7), SO_PEERCRED): it cannot be claimed, only had, at the time of connect(2).</summary>
/// <param name="Pid">The process.</param>
/// <param name="Uid">Its user.</param>
/// <param name="Gids">Its group, and its further groups.</param>
public sealed partial record PeerCredentials(int Pid, uint Uid, IReadOnlyList<uint> Gids)
{
    // <asm-generic/socket.h>
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;
    private const int SoPeerGroups = 59;

    private const int MostGroups = 4096;

    /// <summary>This process's user (geteuid(2)); Unix only.</summary>
    public static uint OwnUid => EffectiveUid();

    /// <summary>Null when the kernel does not tell.</summary>
    public static PeerCredentials? Of(Socket socket)
    {
        try
        {
            // struct ucred: pid_t, uid_t, gid_t
            Span<byte> credentials = stackalloc byte[3 * sizeof(int)];
            if (socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) != credentials.Length)
            {
                return null;
            }

            var numbers = MemoryMarshal.Cast<byte, uint>(credentials);
            return new PeerCredentials((int)numbers[0], numbers[1], [numbers[2], .. FurtherGroups(socket)]);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static uint[] FurtherGroups(Socket socket)
    {
        try
        {
            var groups = new byte[MostGroups * sizeof(uint)];
            var length = socket.GetRawSocketOption(SolSocket, SoPeerGroups, groups);
            return MemoryMarshal.Cast<byte, uint>(groups.AsSpan(0, length)).ToArray();
        }
        catch (SocketException)
        {
            // A kernel before 4.13, or more groups than we look at: then its own group counts.
            return [];
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUid();
}
