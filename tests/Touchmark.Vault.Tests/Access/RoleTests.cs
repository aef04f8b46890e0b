using Touchmark.Vault.Access;

namespace Touchmark.Vault.Tests.Access;

public sealed class RoleTests
{
    [Fact]
    public void The_numbers_of_roles_are_frozen() =>
        // They are in databases. A new role takes the next bit; nothing else here may change.
        Assert.Equal((0, 1, 2, 4, 8), ((long)Role.None, (long)Role.Signer, (long)Role.Reviewer, (long)Role.Auditor, (long)Role.Admin));

    [Theory]
    [InlineData("signer", "signer")]
    [InlineData("admin, signer", "signer,admin")]
    public void Roles_are_read_and_written(string text, string written) => Assert.Equal(written, Roles.Write(Roles.Read(text)!.Value));

    [Theory]
    [InlineData("")]
    [InlineData("Signer")]
    [InlineData("signer,")]
    [InlineData("root")]
    public void Other_names_are_no_roles(string text) => Assert.Null(Roles.Read(text));
}
