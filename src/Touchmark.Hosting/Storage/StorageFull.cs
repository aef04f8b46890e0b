using System.Data.Common;

namespace Touchmark.Hosting.Storage;

/// <summary>Recognises the one storage failure that a person can mend: no room.</summary>
public static class StorageFull
{
    private const int Enospc = 28;
    private const int Edquot = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static bool Is(Exception error, Dialect dialect) => error switch
    {
        DbException database => dialect.IsFull(database),
        IOException io => io.HResult is Enospc or Edquot or WindowsDiskFull,
        _ => false,
    };
}
