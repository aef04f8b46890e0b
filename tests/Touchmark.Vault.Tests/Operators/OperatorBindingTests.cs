using System.Text.Json.Nodes;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Vault.Review;
using Touchmark.Vault.Tests.Bundles;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Operators;

/// <summary>An operator's session, from the request into the bundle and what the review makes of it.</summary>
public sealed class OperatorBindingTests : IDisposable
{
    private readonly IdentityProvider provider = new();
    private readonly string keys = Path.GetTempFileName();

    public OperatorBindingTests() => File.WriteAllBytes(keys, provider.Keys);

    public void Dispose()
    {
        provider.Dispose();
        File.Delete(keys);
    }

    [Theory]
    [InlineData("roles", new string[0])]
    [InlineData("groups", new[] { "--idp-role-claim", "groups" })]
    public async Task A_bundle_names_the_operator_with_his_roles_and_the_review_sees_them(string claim, string[] more)
    {
        await using var server = await VaultServer.StartAsync(more: ["--idp-issuer", IdentityProvider.Issuer, "--idp-audience", IdentityProvider.Audience, "--idp-jwks", keys, .. more]);
        using var caller = server.Local();
        EvidenceBundle bundle = null!;
        for (var job = 0; job < 10; job++)
        {
            var token = provider.Claims;
            token[claim] = job < 9 ? "operator" : new JsonArray("operator", "administrator");
            var answer = (await caller.SignAsync(new { job_id = $"job {job}", operator_token = provider.Issue(token) })).IsGood();
            bundle = await SigningTests.BundleAsync(caller, answer.BundleId);
            Assert.Equal("maria", bundle.OperatorBinding?.Subject);
            Assert.Equal(job < 9 ? ["operator"] : ["administrator", "operator"], bundle.OperatorBinding!.Roles);
            Assert.DoesNotContain(Signal(Signals.Completeness).Evidence, evidence => evidence.Name == "operator_binding");
            Assert.Equal(job < 9 ? 0 : 1, Signal(Signals.OperatorContext).Evidence.Count);
        }

        Assert.Equal("role", Signal(Signals.OperatorContext).Evidence[0].Name);

        ReviewSignal Signal(string name) => bundle.Signals.Single(signal => signal.Name == name);
    }
}
