using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Touchmark.Hosting.Storage;

/// <summary>
/// Makes Microsoft.Data.Sqlite use the system's SQLite (which the distribution keeps patched) instead of the native build of 2021 that its bundle brings.
/// </summary>
internal static class NativeSqlite
{
    private static readonly string[] Names = OperatingSystem.IsWindows() ? ["winsqlite3", "sqlite3"]
        : OperatingSystem.IsMacOS() ? ["/usr/lib/libsqlite3.dylib", "libsqlite3.dylib"]
        : ["libsqlite3.so.0"];

    private static readonly Lock Gate = new();
    private static bool done;

    public static void Use()
    {
        lock (Gate)
        {
            if (done)
            {
                return;
            }

            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            done = true;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == "e_sqlite3")
        {
            foreach (var candidate in Names)
            {
                if (NativeLibrary.TryLoad(candidate, out var handle))
                {
                    return handle;
                }
            }
        }

        return 0;
    }
}
