using System.Net;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Accounts;

/// <summary>Guessing passwords is slow for whoever guesses, and harmless for whoever is guessed at.</summary>
public sealed class SignInLimitTests
{
    [Fact]
    public async Task Guessing_at_one_account_waits_longer_each_time_and_never_longer_than_a_quarter_of_an_hour()
    {
        await using var server = await ServerFactory.StartAsync();
        using var guesser = server.Stranger();
        for (var i = 0; i < 5; i++)
        {
            (await GuessAsync(guesser, "victim@touchmark.test")).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        }

        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 })
        {
            var refused = await GuessAsync(guesser, "victim@touchmark.test");
            refused.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
            Assert.Equal(seconds, refused["figures"].GetProperty("retry_after_s").GetInt64());
            server.Time.Advance(TimeSpan.FromSeconds(seconds));
            (await GuessAsync(guesser, "victim@touchmark.test")).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        }
    }

    [Fact]
    public async Task An_address_that_tries_many_accounts_has_to_wait_too()
    {
        await using var server = await ServerFactory.StartAsync();
        using var guesser = server.Stranger();
        for (var i = 0; i < 30; i++)
        {
            (await GuessAsync(guesser, $"victim{i}@touchmark.test")).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
        }

        (await GuessAsync(guesser, "one-more@touchmark.test")).IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
    }

    [Fact]
    public async Task Guesses_from_everywhere_do_not_lock_the_owner_out_who_was_here_before()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--proxies", "127.0.0.1"]);
        using var owner = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var home = At(server, "198.51.100.1");
        (await SignInAsync(home, owner.Email)).IsGood();
        Answer last = null!;
        for (var i = 0; i < 60; i++)
        {
            using var guesser = At(server, $"203.0.113.{i}");
            last = await GuessAsync(guesser, owner.Email);
        }

        last.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
        (await SignInAsync(home, owner.Email)).IsGood();
        using var abroad = At(server, "192.0.2.99");
        var crowded = await SignInAsync(abroad, owner.Email);
        crowded.IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
        Assert.InRange(crowded["figures"].GetProperty("retry_after_s").GetInt64(), 1, 30);
        server.Time.Advance(TimeSpan.FromSeconds(30));
        (await SignInAsync(abroad, owner.Email)).IsGood();
    }

    [Fact]
    public async Task Signing_in_forgives_the_typing_errors_before_it()
    {
        await using var server = await ServerFactory.StartAsync();
        using var owner = await server.JoinAsync(Role.Oem, "Bracket Works");
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                (await GuessAsync(owner, owner.Email)).IsRefused(HttpStatusCode.Unauthorized, "SIGN_IN_REFUSED");
            }

            (await SignInAsync(owner, owner.Email)).IsGood();
        }
    }

    [Fact]
    public async Task A_stolen_session_guesses_the_password_no_faster()
    {
        await using var server = await ServerFactory.StartAsync();
        using var owner = await server.JoinAsync(Role.Oem, "Bracket Works");
        for (var i = 0; i < 5; i++)
        {
            (await owner.PostAsync("/api/me/password", new { current_password = $"guess number {i}", new_password = "another horse altogether" })).IsRefused(HttpStatusCode.Forbidden, "PASSWORD_WRONG");
        }

        (await owner.PostAsync("/api/me/password", new { current_password = Person.Password, new_password = "another horse altogether" })).IsRefused(HttpStatusCode.TooManyRequests, "TOO_MANY_ATTEMPTS");
    }

    private static Person At(ServerFactory server, string address)
    {
        var person = server.Stranger();
        person.Http.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return person;
    }

    private static Task<Answer> GuessAsync(Person person, string email) => person.PostAsync("/api/tokens", new { email, password = "not the password" });

    private static Task<Answer> SignInAsync(Person person, string email) => person.PostAsync("/api/tokens", new { email, Person.Password });
}
