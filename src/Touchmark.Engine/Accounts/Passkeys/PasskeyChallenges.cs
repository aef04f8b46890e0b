using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>A challenge for a passkey lies sealed in a cookie of the browser that has to answer it. It is good for what it was made for, for five minutes, and for one answer, right or wrong.</summary>
internal sealed class PasskeyChallenges(Database database, IDataProtectionProvider protection, TimeProvider time)
{
    public const string Cookie = "touchmark-passkey";

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <param name="http">Whose browser.</param>
    /// <param name="purpose">What it is good for.</param>
    /// <param name="state">What the check of the answer needs, the challenge among it.</param>
    public void Give(HttpContext http, string purpose, string state)
    {
        var until = (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds();
        http.Response.Cookies.Append(Cookie, Seal(purpose).Protect(string.Create(CultureInfo.InvariantCulture, $"{until} {state}")), new CookieOptions
        {
            HttpOnly = true, Secure = http.Request.IsHttps, SameSite = SameSiteMode.Strict, MaxAge = Lifetime, IsEssential = true,
        });
    }

    /// <summary>The state of the challenge that this browser was given for this purpose; null when there is none, or it was answered before.</summary>
    public async Task<string?> TakeAsync(HttpContext http, string purpose, CancellationToken cancel)
    {
        if (http.Request.Cookies[Cookie] is not { Length: > 0 } given)
        {
            return null;
        }

        http.Response.Cookies.Delete(Cookie);
        try
        {
            var plain = Seal(purpose).Unprotect(given);
            var blank = plain.IndexOf(' ', StringComparison.Ordinal);
            var until = DateTimeOffset.FromUnixTimeSeconds(long.Parse(plain.AsSpan(0, blank), NumberStyles.None, CultureInfo.InvariantCulture));
            return until > time.GetUtcNow() && await SpendAsync(plain, until, cancel) ? plain[(blank + 1)..] : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private IDataProtector Seal(string purpose) => protection.CreateProtector("passkey-challenge", purpose);

    private async Task<bool> SpendAsync(string challenge, DateTimeOffset until, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from passkey_challenges where expires_at <= @Now", new { Now = time.GetUtcNow() }, cancel);
        var first = await work.ExecuteAsync(
            "insert into passkey_challenges (hash, expires_at) values (@Hash, @Until) on conflict (hash) do nothing", new { Hash = SHA256.HashData(Encoding.UTF8.GetBytes(challenge)), Until = until }, cancel) == 1;
        await work.CommitAsync(cancel);
        return first;
    }
}
