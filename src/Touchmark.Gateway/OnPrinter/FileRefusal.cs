using Touchmark.Cryptography;
using Touchmark.Streaming;

namespace Touchmark.Gateway.OnPrinter;

/// <summary>Why a file on this host is not opened, beside what spec/sealed-gcode.md lists; the codes of Fernet files are those of spec/fernet.md.</summary>
internal static class FileRefusal
{
    public static Refusal Plain { get; } = Make("FILE_NOT_ENCRYPTED", "This is a plain file.", "Print it as any other.");

    public static Refusal Path { get; } = Make("PATH_REFUSED", "The path is not that of a file in the printer's G-code folder.", "Ask for a file in that folder by its absolute path.");

    public static Refusal NotFound { get; } = Make("FILE_NOT_FOUND", "There is no such file, or the gateway may not read it.", "Upload it again; gateway and Klipper have to run as one user.");

    /// <param name="problem">Null where there was no key to try.</param>
    /// <param name="name">Of the file.</param>
    public static Refusal Of(FernetProblem? problem, string name) => problem switch
    {
        null => Make("FILE_KEY_MISSING", $"There is no Fernet key on this gateway to open '{name}' with.", "Add it: touchmark-gateway keys --add-fernet FILE."),
        FernetProblem.NotAuthentic => Make("FERNET_NOT_AUTHENTIC", $"No Fernet key of this gateway opens '{name}': it is another printer's, or the file was altered.", "Upload it again, or add its key: touchmark-gateway keys --add-fernet FILE."),
        FernetProblem.Malformed => Make("FERNET_MALFORMED", $"'{name}' begins like a Fernet token and is none.", "Upload it again, without line breaks or other additions."),
        FernetProblem.Expired => Make("FERNET_EXPIRED", $"'{name}' is not valid any more.", "Have it made again."),
        FernetProblem.FromTheFuture => Make("FERNET_FROM_THE_FUTURE", $"'{name}' was made later than the clock says it is now.", "Check the clock of this machine."),
        _ => Make("FERNET_PADDING", $"'{name}' is authentic, and what is in it does not end as it should.", "Tell whoever made it: their program is at fault."),
    };

    private static Refusal Make(string code, string text, string fix) => new(code, text, new Dictionary<string, string>(), fix);
}
