using Microsoft.AspNetCore.Identity;

namespace Touchmark.Engine.Accounts.Passkeys;

/// <summary>
/// What the framework's passkey handler looks up, from our tables: who somebody is, and which passkeys they have. It writes nothing, and nothing else of the framework's user manager is used; whoever is
/// disabled is not there.
/// </summary>
internal sealed class PasskeyUsers(AccountDirectory accounts, PasskeyBook book) : IUserPasskeyStore<AccountView>
{
    public async Task<AccountView?> FindByIdAsync(string userId, CancellationToken cancellationToken) =>
        Guid.TryParseExact(userId, "D", out var id) && await accounts.FindAsync(id, cancellationToken) is { DisabledAt: null } account ? account : null;

    public async Task<AccountView?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken) =>
        await book.FindOwnerAsync(credentialId, cancellationToken) is { } owner ? await accounts.FindAsync(owner, cancellationToken) : null;

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(AccountView user, byte[] credentialId, CancellationToken cancellationToken) => (await book.ReadAsync(user.Id, credentialId, cancellationToken)).SingleOrDefault();

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(AccountView user, CancellationToken cancellationToken) => [.. await book.ReadAsync(user.Id, null, cancellationToken)];

    public Task<string> GetUserIdAsync(AccountView user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString("D"));

    public Task<string?> GetUserNameAsync(AccountView user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task AddOrUpdatePasskeyAsync(AccountView user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => throw Unused();

    public Task RemovePasskeyAsync(AccountView user, byte[] credentialId, CancellationToken cancellationToken) => throw Unused();

    public Task<IdentityResult> CreateAsync(AccountView user, CancellationToken cancellationToken) => throw Unused();

    public Task<IdentityResult> UpdateAsync(AccountView user, CancellationToken cancellationToken) => throw Unused();

    public Task<IdentityResult> DeleteAsync(AccountView user, CancellationToken cancellationToken) => throw Unused();

    public Task<AccountView?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => throw Unused();

    public Task<string?> GetNormalizedUserNameAsync(AccountView user, CancellationToken cancellationToken) => throw Unused();

    public Task SetNormalizedUserNameAsync(AccountView user, string? normalizedName, CancellationToken cancellationToken) => throw Unused();

    public Task SetUserNameAsync(AccountView user, string? userName, CancellationToken cancellationToken) => throw Unused();

    public void Dispose()
    {
    }

    private static NotSupportedException Unused() => new("Passkeys are checked here; accounts are kept by AccountDirectory.");
}
