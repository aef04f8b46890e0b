using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Touchmark.Engine.Accounts;

/// <summary>ASP.NET Core Identity's hasher (PBKDF2-HMAC-SHA512, salted).</summary>
internal sealed class Passwords(IOptions<PasswordHasherOptions> options)
{
    public const int MinimumLength = 12;
    public const int MaximumLength = 256;

    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA512 (Password Storage Cheat Sheet).</summary>
    public const int Iterations = 210_000;

    private static readonly object Nobody = new();

    private readonly PasswordHasher<object> hasher = new(options);

    // Compared with when the account is unknown, so that the answer takes as long as for a known one.
    private readonly string decoy = new PasswordHasher<object>(options).HashPassword(Nobody, "nobody has this password");

    public string Hash(string password) => hasher.HashPassword(Nobody, password);

    /// <summary>Always does the work of one comparison. Null (an unknown account) matches nothing.</summary>
    public bool Matches(string? hash, string password)
    {
        var result = hasher.VerifyHashedPassword(Nobody, hash ?? decoy, password);
        return hash is not null && result != PasswordVerificationResult.Failed;
    }
}
