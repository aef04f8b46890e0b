using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Accounts;

/// <summary>What somebody has to do before their session is good for anything else.</summary>
internal enum Unfinished
{
    Nothing,

    /// <summary>Choose a password that no admin knows.</summary>
    Password,

    /// <summary>Set up the second factor that their role needs.</summary>
    SecondFactor,
}

/// <summary>On an endpoint: sessions that are <see cref="Unfinished"/> may use it, because it is how they are finished or ended.</summary>
internal sealed class OpenToUnfinished
{
    public static readonly OpenToUnfinished Mark = new();

    public static Refusal Refuse(Unfinished what) => what switch
    {
        Unfinished.Password => new(StatusCodes.Status403Forbidden, "PASSWORD_TEMPORARY", "This password is temporary: an admin knows it.", "Choose your own first: on the page /account, by POST /api/me/password or touchmark account password."),
        Unfinished.SecondFactor => new(StatusCodes.Status403Forbidden, "SECOND_FACTOR_MISSING", "Accounts of your role need a second factor, and yours has none.", "Set one up first: on the page /account, or by touchmark second-factor begin."),
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, "Nothing is left to do."),
    };
}
