using FsCheck;
using FsCheck.Fluent;
using System.Net;
using Touchmark.Engine.Tests.Server;
using Touchmark.Engine.Web;

namespace Touchmark.Engine.Tests.Web;

public sealed class ThrottleTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);
    private readonly FakeTime time = new();

    [Fact]
    public void The_first_failures_cost_nothing_and_each_one_more_doubles_the_wait_up_to_the_longest()
    {
        var throttle = new Throttle(time, free: 3, Longest);
        Assert.Null(throttle.Begin("key"));
        Assert.Null(throttle.Begin("key"));
        var waits = new List<long>();
        for (var attempt = 3; attempt <= 15; attempt++)
        {
            Assert.Null(throttle.Begin("key"));
            var wait = (long)throttle.Begin("key")!.Figures["retry_after_s"]!;
            waits.Add(wait);
            time.Advance(TimeSpan.FromSeconds(wait));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900], waits);
    }

    [Fact]
    public void What_came_too_early_is_refused_and_makes_no_wait_longer()
    {
        var throttle = new Throttle(time, free: 1, Longest);
        Assert.Null(throttle.Begin("key"));
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(1L, throttle.Begin("key")!.Figures["retry_after_s"]);
        }

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(throttle.Begin("key"));
    }

    [Fact]
    public void Many_attempts_at_once_gain_nothing()
    {
        var throttle = new Throttle(time, free: 5, Longest);
        var passed = 0;
        Parallel.For(0, 1000, _ =>
        {
            if (throttle.Begin("key") is null)
            {
                Interlocked.Increment(ref passed);
            }
        });

        Assert.Equal(5, passed);
    }

    [Fact]
    public void A_key_that_stays_away_for_the_longest_wait_is_forgotten()
    {
        var throttle = new Throttle(time, free: 2, Longest);
        throttle.Begin("key");
        throttle.Begin("key");
        Assert.NotNull(throttle.Begin("key"));
        time.Advance(TimeSpan.FromSeconds(1) + Longest);

        Assert.Null(throttle.Begin("key"));
        Assert.Null(throttle.Begin("key"));
    }

    [Fact]
    public void A_full_table_forgets_who_failed_least_and_never_who_failed_most()
    {
        var throttle = new Throttle(time, free: 3, Longest, capacity: 100);
        for (var i = 0; i < 3; i++)
        {
            throttle.Begin("guesser");
        }

        for (var i = 0; i < 10_000; i++)
        {
            Assert.Null(throttle.Begin($"fresh {i}"));
        }

        Assert.NotNull(throttle.Begin("guesser"));
    }

    [Fact]
    public void No_order_of_attempts_makes_anybody_wait_longer_than_the_longest() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, 3).ListOf().ToArbitrary(),
        steps =>
        {
            var clock = new FakeTime();
            var throttle = new Throttle(clock, free: 2, TimeSpan.FromSeconds(60), capacity: 2);
            foreach (var step in steps)
            {
                switch (step)
                {
                    case 0:
                        clock.Advance(TimeSpan.FromSeconds(7));
                        break;
                    case 1:
                        throttle.Uncount("a");
                        break;
                    default:
                        throttle.Begin(step == 2 ? "a" : "b");
                        break;
                }
            }

            return (throttle.Begin("a")?.Figures["retry_after_s"] is long wait ? wait : 0) <= 60;
        }));

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "::ffff:192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void A_network_of_IPv6_counts_as_one_place(string one, string other, bool same) =>
        Assert.Equal(same, Place.Of(IPAddress.Parse(one)) == Place.Of(IPAddress.Parse(other)));
}
