using Touchmark.Cryptography;

namespace Touchmark.Streaming.Files;

/// <summary>Why a Fernet file is not opened, for people: the table of spec/fernet.md.</summary>
public static class FernetRefusals
{
    private const string AskAgain = "Get the file again from where it came.";

    /// <param name="problem">Any but <see cref="FernetProblem.None"/>.</param>
    public static Refusal Of(FernetProblem problem) => problem switch
    {
        FernetProblem.Malformed => Make("FERNET_MALFORMED", "This is not a whole Fernet token of version 0x80.", AskAgain),
        FernetProblem.Expired => Make("FERNET_EXPIRED", "The Fernet token is older than is allowed.", "Ask for a new one, or check the clock of this machine."),
        FernetProblem.FromTheFuture => Make("FERNET_FROM_THE_FUTURE", "The Fernet token was made later than the clock says it is now.", "Check the clock of this machine."),
        FernetProblem.NotAuthentic => Make("FERNET_NOT_AUTHENTIC", "The Fernet token is of another key, or was altered.", AskAgain),
        FernetProblem.Padding => Make("FERNET_PADDING", "The Fernet token is authentic, but was not made as it should be.", "Tell who made it."),
        _ => throw new ArgumentOutOfRangeException(nameof(problem)),
    };

    private static Refusal Make(string code, string text, string fix) => new(code, text, new Dictionary<string, string>(StringComparer.Ordinal), fix);
}
