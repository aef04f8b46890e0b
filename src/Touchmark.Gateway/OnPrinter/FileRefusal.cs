using Touchmark.Streaming;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>Why a file on this host is not opened, beside what spec/sealed-gcode.md and spec/fernet.md list.</summary>
internal static class FileRefusal
{
    public static Refusal Plain { get; } = Make("FILE_NOT_ENCRYPTED", "This is a plain file.", "Print it as any other.");

    public static Refusal Path { get; } = Make("PATH_REFUSED", "The path is not that of a file in the printer's G-code folder.", "Ask for a file in that folder by its absolute path.");

    public static Refusal NotFound { get; } = Make("FILE_NOT_FOUND", "There is no such file, or the gateway may not read it.", "Upload it again; gateway and Klipper have to run as one user.");

    public static Refusal Unreadable { get; } = Make("FILE_UNREADABLE", "The file cannot be read: its disk failed, or it was exchanged meanwhile.", "Look after the printer's disk, then upload the file again.");

    public static Refusal Exists { get; } = Make("FILE_EXISTS", "There is a file of that name.", "Choose another name, or remove that file.");

    public static Refusal NoFernetKey { get; } = Make("FILE_KEY_MISSING", "There is no Fernet key on this gateway to open the file with.", "Add it: touchmark-gateway keys --add-fernet FILE.");

    /// <summary>What a failure of the disk, or of the gateway's own folder, is told as; null for any other.</summary>
    public static Refusal? Of(Exception failure) => failure switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException => Unreadable,
        GatewayError error => error.ToRefusal(),
        _ => null,
    };

    private static Refusal Make(string code, string text, string fix) => new(code, text, new Dictionary<string, string>(), fix);
}
