using Touchmark.Engine.Audit;
using Touchmark.Hosting.Problems;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Accounts.SecondFactors;

/// <summary>Which roles need a second factor. It holds from the next request on, also for who is signed in.</summary>
internal sealed class SecondFactorRules(Database database, AuditTrail trail)
{
    public Task<IReadOnlyList<Role>> ListAsync(CancellationToken cancel) => database.QueryAsync<Role>("select role from second_factor_roles order by role", null, cancel);

    public async Task<Outcome<IReadOnlyList<Role>>> SetAsync(IReadOnlyList<Role> roles, Caller caller, CancellationToken cancel)
    {
        if (roles.Any(role => !Enum.IsDefined(role)))
        {
            return Refusal.Invalid("ROLE_MISSING", "There is no such role.", "Send names of roles, such as admin.");
        }

        Role[] wanted = [.. roles.Distinct().Order()];
        await using var work = await database.BeginAsync(cancel);
        await work.ExecuteAsync("delete from second_factor_roles", null, cancel);
        foreach (var role in wanted)
        {
            await work.ExecuteAsync("insert into second_factor_roles (role) values (@Role)", new { Role = role }, cancel);
        }

        await trail.RecordAsync(work, AuditedAct.By(caller, Acts.SecondFactorRolesSet, "engine/second-factor-roles", new Evidence.Documents.AuditDetail("roles", string.Join(' ', wanted).ToLowerInvariant())), cancel);
        await work.CommitAsync(cancel);
        return Outcome.Of<IReadOnlyList<Role>>(wanted);
    }
}
