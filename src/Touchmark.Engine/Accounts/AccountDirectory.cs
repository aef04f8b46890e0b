using System.Data.Common;
using Touchmark.Engine.Audit;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts;

/// <summary>Accounts and their organisations. An organisation comes into being with its first account.</summary>
internal sealed class AccountDirectory(Database database, Passwords passwords, SetupToken setup, AuditTrail trail, TimeProvider time, ILogger<AccountDirectory> log)
{
    private const string Columns =
        "select accounts.id, accounts.email, accounts.name, accounts.role, accounts.organisation_id, organisations.name as organisation, accounts.created_at, accounts.disabled_at, accounts.password_temporary "
        + "from accounts join organisations on organisations.id = accounts.organisation_id ";

    /// <summary>The first account needs the setup token and is an admin; every other one is made by an admin.</summary>
    public async Task<Outcome<AccountView>> CreateAsync(NewAccount request, Caller? caller, CancellationToken cancel)
    {
        var first = request.SetupToken is not null;
        if (first && !await setup.IsRightAsync(request.SetupToken, cancel))
        {
            return new Refusal(StatusCodes.Status403Forbidden, "SETUP_TOKEN_WRONG", "The setup token is wrong, or the first account exists already.", "Use the token in the file setup-token of the engine's data folder; after the first account, let an admin make accounts.");
        }

        if (!first && caller is not { Role: Role.Admin })
        {
            return caller is null
                ? new Refusal(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", "Making an account needs an admin's token, or the setup token for the first account.", "Sign in as an admin, or send setup_token.")
                : Refusal.Forbidden("Only an admin makes accounts.", "Ask an admin.");
        }

        var role = first ? Role.Admin : request.Role;
        if (Check(request, role) is { } refusal)
        {
            return refusal;
        }

        var account = new AccountView
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            Email = NormaliseEmail(request.Email),
            Name = request.Name.Trim(),
            Role = role!.Value,
            Organisation = request.Organisation.Trim(),
            CreatedAt = time.GetUtcNow(),
        };
        try
        {
            account = await InsertAsync(account, passwords.Hash(request.Password), first ? null : caller, request.Temporary && !first, cancel);
        }
        catch (DbException error) when (database.IsDuplicate(error))
        {
            return Refusal.Conflict("ACCOUNT_EXISTS", "There is an account with this e-mail address already, or the first account was made meanwhile.", "Use another address, or sign in.").With("email", account.Email);
        }

        if (first)
        {
            setup.Spend();
        }

        log.LogInformation("Account {AccountId} made with role {Role}", account.Id, account.Role);
        return (await FindAsync(account.Id, cancel))!;
    }

    /// <summary>The account with this e-mail and password, or null. Takes as long for an unknown e-mail as for a known one.</summary>
    public async Task<AccountView?> SignInAsync(string email, string password, CancellationToken cancel)
    {
        var row = await database.FirstOrDefaultAsync<PasswordRow>(
            "select id, password_hash from accounts where email = @Email and disabled_at is null", new { Email = NormaliseEmail(email) }, cancel);
        if (!passwords.Matches(row?.PasswordHash, password))
        {
            log.LogWarning("Sign-in refused");
            return null;
        }

        return await FindAsync(row!.Id, cancel);
    }

    public Task<AccountView?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<AccountView>(Columns + "where accounts.id = @Id", new { Id = id }, cancel);

    /// <summary>The account with this e-mail address, however its letters are written; null when there is none.</summary>
    public Task<AccountView?> FindByEmailAsync(string email, CancellationToken cancel) =>
        database.FirstOrDefaultAsync<AccountView>(Columns + "where accounts.email = @Email", new { Email = NormaliseEmail(email) }, cancel);

    public Task<IReadOnlyList<AccountView>> ListAsync(CancellationToken cancel) =>
        database.QueryAsync<AccountView>(Columns + "order by accounts.created_at, accounts.id", null, cancel);

    /// <summary>A page of the accounts, newest first, whose e-mail address, name or organisation has a text in it.</summary>
    public Task<IReadOnlyList<AccountView>> SearchAsync(string search, Guid? before, int most, CancellationToken cancel) => database.QueryAsync<AccountView>(
        Columns + """
        where accounts.id < @Before and (@Search = '' or lower(accounts.email) like @Like escape '!' or lower(accounts.name) like @Like escape '!' or lower(organisations.name) like @Like escape '!')
        order by accounts.id desc limit @Most
        """,
        new { Before = before ?? Guid.AllBitsSet, Search = search, Like = $"%{search.ToLowerInvariant().Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal)}%", Most = most }, cancel);

    /// <summary>All organisations, and how many people of each may sign in.</summary>
    public Task<IReadOnlyList<OrganisationCount>> ListOrganisationsAsync(CancellationToken cancel) => database.QueryAsync<OrganisationCount>(
        """
        select organisations.id, organisations.name, organisations.created_at, count(accounts.id) as accounts
        from organisations left join accounts on accounts.organisation_id = organisations.id and accounts.disabled_at is null
        group by organisations.id, organisations.name, organisations.created_at order by organisations.name
        """, null, cancel);

    /// <summary>The organisations that a licence can be granted to.</summary>
    public Task<IReadOnlyList<OrganisationView>> ListManufacturersAsync(CancellationToken cancel) => database.QueryAsync<OrganisationView>(
        "select id, name from organisations where id in (select organisation_id from accounts where role in (@Manufacturer, @Operator)) order by name", new { Role.Manufacturer, Role.Operator }, cancel);

    private static string NormaliseEmail(string email) => email.Trim().ToLowerInvariant();

    internal static Refusal? CheckPassword(string password) => password.Length is >= Passwords.MinimumLength and <= Passwords.MaximumLength ? null
        : Refusal.Invalid("PASSWORD_LENGTH", $"A password has {Passwords.MinimumLength} to {Passwords.MaximumLength} characters.", "Choose a longer one; a few words are fine.")
            .With("minimum", Passwords.MinimumLength).With("maximum", Passwords.MaximumLength).With("length", password.Length);

    private static Refusal? Check(NewAccount request, Role? role)
    {
        var email = NormaliseEmail(request.Email);
        if (!PlainText.TryAccept(email, 254, out _) || email.IndexOf('@', StringComparison.Ordinal) is var at && (at < 1 || at == email.Length - 1) || email.Contains(' ', StringComparison.Ordinal))
        {
            return Refusal.Invalid("EMAIL_INVALID", "This is not an e-mail address.", "Send one like name@example.org, of at most 254 characters.");
        }

        if (CheckPassword(request.Password) is { } refusal)
        {
            return refusal;
        }

        if (role is null)
        {
            return Refusal.Invalid("ROLE_MISSING", "An account needs a role.", "Send role as oem, manufacturer, operator, auditor or admin.");
        }

        return !PlainText.TryAccept(request.Name, 100, out _) ? PlainText.Refuse("name", 100)
            : !PlainText.TryAccept(request.Organisation, 100, out _) ? PlainText.Refuse("organisation", 100)
            : null;
    }

    /// <param name="account">To insert.</param>
    /// <param name="passwordHash">Its password.</param>
    /// <param name="maker">The admin; null when it is the first account.</param>
    /// <param name="temporary">Whoever signs in with this password chooses another one first.</param>
    /// <param name="cancel">Ends the wait.</param>
    private async Task<AccountView> InsertAsync(AccountView account, string passwordHash, Caller? maker, bool temporary, CancellationToken cancel)
    {
        await using var work = await database.BeginAsync(cancel);
        var key = new { Id = Guid.CreateVersion7(time.GetUtcNow()), account.Organisation, Key = account.Organisation.ToUpperInvariant(), account.CreatedAt };
        await work.ExecuteAsync(
            "insert into organisations (id, name, name_key, created_at) values (@Id, @Organisation, @Key, @CreatedAt) on conflict (name_key) do nothing", key, cancel);
        var organisation = await work.FirstOrDefaultAsync<OrganisationView>("select id, name from organisations where name_key = @Key", key, cancel);
        account = account with { OrganisationId = organisation!.Id, Organisation = organisation.Name };
        await work.ExecuteAsync(
            """
            insert into accounts (id, organisation_id, email, name, role, password_hash, password_temporary, created_at)
            values (@Id, @OrganisationId, @Email, @Name, @Role, @PasswordHash, @Temporary, @CreatedAt)
            """,
            new { account.Id, account.OrganisationId, account.Email, account.Name, account.Role, PasswordHash = passwordHash, Temporary = temporary ? 1 : 0, account.CreatedAt }, cancel);
        if (maker is null)
        {
            await work.ExecuteAsync("insert into bootstrap (id, account_id) values (1, @Id)", new { account.Id }, cancel);
        }

        var about = $"account/{account.Id:D}";
        AuditDetail[] details = [new("role", account.Role.ToString().ToLowerInvariant()), new("organisation", $"organisation/{account.OrganisationId:D}")];
        await trail.RecordAsync(work, maker is null ? AuditedAct.By("setup-token", Acts.AccountCreated, about, details) : AuditedAct.By(maker, Acts.AccountCreated, about, details), cancel);
        await work.CommitAsync(cancel);
        return account;
    }

    private sealed record PasswordRow
    {
        public Guid Id { get; init; }

        public string PasswordHash { get; init; } = "";
    }
}

/// <summary>An account to make. The first one carries the setup token instead of an admin's bearer token and needs no role: it is an admin.</summary>
/// <param name="Email">To sign in with.</param>
/// <param name="Password">To begin with.</param>
/// <param name="Name">The person's.</param>
/// <param name="Organisation">Comes into being with its first account.</param>
/// <param name="Role">What it may do.</param>
/// <param name="SetupToken">Of the first account.</param>
/// <param name="Temporary">Whoever signs in with this password chooses another one first.</param>
internal sealed record NewAccount(string Email, string Password, string Name, string Organisation, Role? Role = null, string? SetupToken = null, bool Temporary = false);

internal sealed record AccountView
{
    public Guid Id { get; init; }

    public string Email { get; init; } = "";

    public string Name { get; init; } = "";

    public Role Role { get; init; }

    public Guid OrganisationId { get; init; }

    public string Organisation { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }

    /// <summary>An admin knows the password: its owner has not chosen another one yet.</summary>
    public bool PasswordTemporary { get; init; }
}

internal sealed record OrganisationCount
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public long Accounts { get; init; }
}

internal sealed record OrganisationView
{
    public Guid Id { get; init; }

    public string Name { get; init; } = "";
}
