using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Log.Verification;

namespace Touchmark.Log.Tests.Verification;

public sealed class PolicyTests
{
    [Fact]
    public void Policies_are_read_and_quorums_met_as_the_vectors_say()
    {
        foreach (var item in Vectors.Cases("policies.json"))
        {
            var read = LogPolicy.TryParse(Encoding.UTF8.GetBytes(item.Text("policy")), out var policy, out var problem);
            if (item.TextOrNull("refused") is { } why)
            {
                Assert.False(read, why);
                Assert.NotEmpty(problem!);
                continue;
            }
            Assert.True(read, problem);
            foreach (var (list, met) in new[] { ("met", true), ("not_met", false) })
            {
                foreach (var witnesses in item.GetProperty(list).EnumerateArray())
                {
                    var set = witnesses.EnumerateArray().Select(name => name.GetString()!).ToHashSet(StringComparer.Ordinal);
                    Assert.True(met == policy!.IsMet(set), string.Join(' ', set));
                }
            }
        }
    }

    [Fact]
    public void Keys_of_one_name_are_one_log()
    {
        var log = Assert.Single(Keys.Policy.Logs);
        Assert.Equal(Keys.Origin, log.Origin);
        Assert.Equal(Keys.LogKeys, log.Keys);
    }

    [Fact]
    public void A_policy_of_any_bytes_never_throws()
    {
        var words = Gen.Elements("log", "witness", "group", "quorum", "none", "a", "b", "all", "any", "2", " ", "\t", "\n", "\n", "#", "\0", Keys.LogKeys[0].Text, Keys.Witnesses[0].Key.Text);
        Check.QuickThrowOnFailure(Prop.ForAll(words.ListOf(30).Select(string.Concat).ToArbitrary(), text =>
        {
            if (LogPolicy.TryParse(Encoding.UTF8.GetBytes(text), out var policy, out _))
            {
                _ = policy.IsMet(new HashSet<string>(StringComparer.Ordinal) { "a" });
            }
        }));
        Assert.False(LogPolicy.TryParse([0xff, (byte)'\n'], out _, out _));
    }
}
