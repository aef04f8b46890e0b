using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Touchmark.Hosting.Storage;
using Touchmark.Log.Storage;

namespace Touchmark.Vault.Tests.Storage;

/// <summary>What every object store has to do, in a folder and in S3; and what S3 alone can do wrong.</summary>
public sealed class ObjectStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("touchmark-objects-").FullName;

    /// <summary>Where objects can lie.</summary>
    public enum Kind
    {
        Folder,
        S3,
    }

    public static TheoryData<Kind> Kinds => [Kind.Folder, Kind.S3];

    public static TheoryData<Kind, string> BadPaths => new(Kinds.SelectMany(kind => new[] { "", "/", "../up", "a/../b", "a//b", "/etc/passwd", ".hidden", "a b", "a?b", "ä" }, (kind, path) => ((Kind)kind, path)));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_written_is_read_and_replaced_whole(Kind kind)
    {
        var store = await OpenAsync(kind);
        var large = RandomNumberGenerator.GetBytes(3 << 20);

        await store.WriteAsync("tile/0/x001/234", large, default);
        await store.WriteAsync("checkpoint", "old"u8.ToArray(), default);
        await store.WriteAsync("checkpoint", "new, and longer"u8.ToArray(), default);
        await store.WriteAsync("empty", default, default);

        Assert.Equal(large, (await store.ReadAsync("tile/0/x001/234", default))!.Value.ToArray());
        Assert.Equal("new, and longer"u8.ToArray(), (await store.ReadAsync("checkpoint", default))!.Value.ToArray());
        Assert.Equal(0, (await store.ReadAsync("empty", default))!.Value.Length);
        Assert.Null(await store.ReadAsync("tile/0/x001/235", default));
        Assert.Null(await store.ReadAsync("tile", default));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Lists_have_every_path_with_the_prefix_and_none_else_however_many(Kind kind)
    {
        var store = await OpenAsync(kind);
        var paths = Enumerable.Range(0, 1100).Select(n => string.Create(CultureInfo.InvariantCulture, $"tile/entries/{n:000}")).ToList();
        await Parallel.ForEachAsync(paths, (path, cancel) => store.WriteAsync(path, "x"u8.ToArray(), cancel));
        await store.WriteAsync("tile/0/000", "x"u8.ToArray(), default);

        Assert.Equal(paths.Order(StringComparer.Ordinal), (await ListAsync(store, "tile/entries/")).Order(StringComparer.Ordinal));
        Assert.Equal(110, (await ListAsync(store, "tile/entries/10")).Count);
        Assert.Equal(1101, (await ListAsync(store, "")).Count);
        Assert.Empty(await ListAsync(store, "documents/"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_deleted_is_gone_and_may_be_deleted_again(Kind kind)
    {
        var store = await OpenAsync(kind);
        await store.WriteAsync("tile/0/000.p/5", "x"u8.ToArray(), default);

        await store.DeleteAsync("tile/0/000.p/5", default);
        await store.DeleteAsync("tile/0/000.p/5", default);

        Assert.Null(await store.ReadAsync("tile/0/000.p/5", default));
        Assert.Empty(await ListAsync(store, ""));
    }

    [Theory]
    [MemberData(nameof(BadPaths))]
    public async Task Paths_that_lead_elsewhere_are_nobodys(Kind kind, string path)
    {
        var store = await OpenAsync(kind);

        Assert.Null(await store.ReadAsync(path, default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync(path, "x"u8.ToArray(), default).AsTask());
        Assert.Empty(await ListAsync(store, ""));
    }

    [Fact]
    public async Task Two_places_of_one_bucket_know_nothing_of_each_other()
    {
        var server = await SharedS3.GetAsync();
        using var one = new S3Store(server.NewPlace());
        using var other = new S3Store(server.NewPlace());

        await one.WriteAsync("checkpoint", "x"u8.ToArray(), default);
        await one.In("manifest").WriteAsync("checkpoint", "y"u8.ToArray(), default);

        Assert.Null(await other.ReadAsync("checkpoint", default));
        Assert.Equal(["checkpoint", "manifest/checkpoint"], (await ListAsync(one, "")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_key_that_the_store_does_not_know_is_refused_in_words_and_the_secret_never_said()
    {
        var file = Path.Combine(folder, "credentials");
        S3Server.WriteCredentials(file, "somebody", "a-wrong-secret");
        using var store = new S3Store((await SharedS3.GetAsync()).NewPlace() with { Credentials = file });

        var refused = await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync("checkpoint", default).AsTask());

        Assert.Contains("InvalidAccessKeyId", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a-wrong-secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_a_failure_and_not_an_empty_one()
    {
        using var store = new S3Store((await SharedS3.GetAsync()).NewPlace() with { Bucket = "no-such-bucket" });

        Assert.Contains("NoSuchBucket", (await Assert.ThrowsAsync<ObjectStoreException>(() => store.ReadAsync("checkpoint", default).AsTask())).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ObjectStoreException>(() => store.WriteAsync("checkpoint", "x"u8.ToArray(), default).AsTask());
        await Assert.ThrowsAsync<ObjectStoreException>(() => ListAsync(store, ""));
    }

    [Fact]
    public async Task A_store_that_is_away_and_one_that_never_answers_are_said_within_the_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var place = (await SharedS3.GetAsync()).NewPlace() with { Endpoint = new Uri($"http://{silent.LocalEndpoint}"), Patience = TimeSpan.FromSeconds(1) };
        using (var store = new S3Store(place))
        {
            Assert.Contains("within 1 s", (await Assert.ThrowsAsync<ObjectStoreException>(() => store.WriteAsync("checkpoint", "x"u8.ToArray(), default).AsTask())).Message, StringComparison.Ordinal);
        }

        silent.Stop();
        using var away = new S3Store(place with { Patience = TimeSpan.FromSeconds(10) });
        Assert.Contains("cannot be reached", (await Assert.ThrowsAsync<ObjectStoreException>(() => away.ReadAsync("checkpoint", default).AsTask())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_that_others_can_read_are_refused()
    {
        var file = Path.Combine(folder, "credentials");
        S3Server.WriteCredentials(file, S3Server.Account, S3Server.Account);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var place = (await SharedS3.GetAsync()).NewPlace();

        Assert.Throws<UnauthorizedAccessException>(() => new S3Store(place with { Credentials = file }));
        Assert.Throws<InvalidDataException>(() => new S3Store(place with { Credentials = null }));
    }

    [Theory]
    [InlineData("https://bucket/prefix", null)]
    [InlineData("s3://Bucket/prefix", null)]
    [InlineData("s3://b/prefix", null)]
    [InlineData("s3://bucket/../other", null)]
    [InlineData("s3://bucket/a//b", null)]
    [InlineData("s3://bucket/a?b", null)]
    [InlineData("s3://bucket", "http://s3.example")]
    [InlineData("s3://bucket", "https://user:secret@s3.example")]
    [InlineData("s3://bucket", "https://s3.example/path")]
    public void Places_that_are_none_are_refused(string text, string? endpoint) => Assert.Throws<FormatException>(() => S3Place.Parse(text, endpoint));

    [Theory]
    [InlineData("s3://bucket", "bucket", "")]
    [InlineData("s3://bucket/", "bucket", "")]
    [InlineData("s3://my.bucket-1/vaults/printer_7/", "my.bucket-1", "vaults/printer_7/")]
    public void A_place_is_a_bucket_and_a_prefix(string text, string bucket, string prefix) => Assert.Equal((bucket, prefix), (S3Place.Parse(text, null).Bucket, S3Place.Parse(text, null).Prefix));

    private static async Task<IReadOnlyList<string>> ListAsync(IObjectStore store, string prefix) => await store.ListAsync(prefix, default).ToListAsync();

    private async Task<IObjectStore> OpenAsync(Kind kind) => kind == Kind.Folder ? new FolderStore(Path.Combine(folder, "objects")) : new S3Store((await SharedS3.GetAsync()).NewPlace());
}
