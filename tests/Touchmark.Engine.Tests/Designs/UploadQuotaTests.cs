using System.Net;
using System.Net.Sockets;
using System.Text;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Designs;

public sealed class UploadQuotaTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_organisation_that_keeps_too_much_is_refused_with_the_figures(StorageKind storage)
    {
        var file = Models.BinaryStl();
        await using var server = await ServerFactory.StartAsync(storage, arguments: ["--organisation-bytes", $"{(2 * file.Length) + 2000}"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var other = await server.JoinAsync(Role.Oem, "Rival Works");
        (await oem.UploadAsync(file)).IsGood();
        (await oem.UploadAsync(file)).IsGood();

        var refused = await oem.UploadAsync([.. file, .. new byte[3000]]);

        refused.IsRefused(HttpStatusCode.RequestEntityTooLarge, "STORAGE_QUOTA");
        Assert.Equal(2 * file.Length, refused["figures"].GetProperty("stored_bytes").GetInt64());
        (await other.UploadAsync(file)).IsGood();
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task Uploads_at_the_same_time_do_not_pass_the_quota_together(StorageKind storage)
    {
        var file = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Models.TextStl(), 100)));
        await using var server = await ServerFactory.StartAsync(storage, arguments: ["--organisation-bytes", $"{file.Length + 2000}"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => oem.UploadAsync(file))));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => Assert.Equal("STORAGE_QUOTA", answer.Code));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Designs_of_a_day_are_counted_and_a_day_later_there_is_room_again()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--uploads-per-day", "2"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await oem.NewDesignAsync();
        await oem.NewDesignAsync();

        (await oem.UploadAsync(Models.BinaryStl())).IsRefused(HttpStatusCode.TooManyRequests, "UPLOADS_PER_DAY");

        server.Time.Advance(TokenBook.Lifetime);
        using var tomorrow = await server.SignInAsync(oem.Email);
        await tomorrow.NewDesignAsync();
    }

    [Fact]
    public async Task An_announced_body_that_does_not_fit_is_refused_before_any_of_it_is_sent()
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--organisation-bytes", "1000"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/designs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {oem.Token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"));

        var answer = await new StreamReader(stream, Encoding.ASCII).ReadLineAsync();

        Assert.Equal("HTTP/1.1 413 Payload Too Large", answer);
    }

    [Fact]
    public async Task An_organisation_runs_only_so_many_uploads_at_once()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var running = new List<(TcpClient Client, Task<string?> Answer)>();
        for (var i = 0; i < 5; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /api/designs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {oem.Token}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"));
            running.Add((client, new StreamReader(client.GetStream(), Encoding.ASCII).ReadLineAsync()));
        }

        // Four wait for their bodies; the one that came last to the counter is answered.
        Assert.Equal("HTTP/1.1 429 Too Many Requests", await await Task.WhenAny(running.Select(upload => upload.Answer)));
        running.ForEach(upload => upload.Client.Dispose());
    }
}
