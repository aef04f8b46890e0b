using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Designs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Engine.Tests.Designs;

public sealed class DesignTests
{
    public static TheoryData<StorageKind> BothDatabases => ServerFactory.BothDatabases;

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task An_uploaded_design_is_measured_and_listed(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Models.BinaryStl();

        var design = (await oem.UploadAsync(file)).IsGood();

        Assert.Equal("stl", design["format"].GetString());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), design["sha256"].GetString());
        Assert.Equal(file.Length, design["bytes"].GetInt64());
        Assert.Equal(40, design["size_mm"].GetProperty("x").GetDouble(), 0.001);
        Assert.Equal(4000, design["volume_mm3"].GetDouble(), 0.01);
        Assert.Equal(design.Id, (await oem.GetAsync("/api/designs")).Body.EnumerateArray().Single().GetProperty("id").GetGuid());
        Assert.Equal("Bracket", (await oem.GetAsync($"/api/designs/{design.Id}")).IsGood()["name"].GetString());
    }

    [Theory]
    [MemberData(nameof(BothDatabases))]
    public async Task The_model_comes_back_byte_for_byte_after_a_restart(StorageKind storage)
    {
        await using var server = await ServerFactory.StartAsync(storage);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var file = Models.ThreeMf(null, ("Metadata/thumbnail.png", RandomNumberGenerator.GetBytes(200_000)));
        var id = (await oem.UploadAsync(file)).IsGood().Id;
        await server.RestartAsync();

        await using var model = await server.Services.GetRequiredService<DesignLibrary>().OpenModelAsync(id, default);
        using var read = new MemoryStream();
        await model.Content.CopyToAsync(read);

        Assert.Equal(file, read.ToArray());
        Assert.Equal((DesignFormat.ThreeMf, file.Length), (model.Format, model.Length));
    }

    [Fact]
    public async Task Nothing_of_the_model_is_in_the_clear_in_the_data_folder_or_the_temporary_folder()
    {
        var temporary = Directory.EnumerateFileSystemEntries(Path.GetTempPath()).ToHashSet();
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var text = Models.TextStl() + string.Concat(Enumerable.Repeat(Models.TextStl(), 300));

        (await oem.UploadAsync(Encoding.ASCII.GetBytes(text))).IsGood();

        // Other programs make pipes there, which are empty and block whoever reads them.
        var files = Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.GetTempPath()).Where(file => !temporary.Contains(file) && new FileInfo(file) is { Exists: true, Length: > 0 }));
        Assert.DoesNotContain(files, file => Bytes.Of(file).AsSpan().IndexOf("vertex"u8) >= 0);
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("vertex", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_file_leaves_nothing_behind()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        (await oem.UploadAsync(Models.WithFacetCount(13))).IsRefused(HttpStatusCode.BadRequest, "STL_FACET_COUNT");
        (await oem.UploadAsync(Models.BinaryStl(), name: null)).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories));
        Assert.Empty((await oem.GetAsync("/api/designs")).Body.EnumerateArray());
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("<script>alert(1)</script>.stl")]
    [InlineData("a.stl; rm -rf /")]
    public async Task The_file_name_does_not_matter(string fileName)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        var design = (await oem.UploadAsync(Models.BinaryStl(), fileName: fileName)).IsGood();

        Assert.DoesNotContain(fileName, design.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("\u202Egpj.exe")]
    [InlineData("bell\u0007")]
    [InlineData(" ")]
    public async Task A_hostile_name_is_refused(string name)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");

        (await oem.UploadAsync(Models.BinaryStl(), name)).IsRefused(HttpStatusCode.BadRequest, "TEXT_NOT_PLAIN");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_above_the_limit_is_refused_whether_or_not_its_length_is_told(bool told)
    {
        await using var server = await ServerFactory.StartAsync(arguments: ["--design-bytes", "200000"]);
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        oem.Http.DefaultRequestHeaders.TransferEncodingChunked = !told;

        (await oem.UploadAsync(new byte[300_000])).IsRefused(HttpStatusCode.RequestEntityTooLarge, "DESIGN_TOO_LARGE");

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.stl\"\r\n\r\nsolid", "MULTIPART_DAMAGED")]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"shell\"\r\n\r\nrm\r\n--x--\r\n", "MULTIPART_PART")]
    [InlineData("--x\r\n\r\nnameless\r\n--x--\r\n", "MULTIPART_PART")]
    [InlineData("--x--\r\n", "FILE_MISSING")]
    [InlineData("nothing of the kind", "MULTIPART_DAMAGED")]
    public async Task A_damaged_upload_is_refused_by_its_cause(string body, string code)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=x");

        (await oem.PostAsync("/api/designs", content)).IsRefused(HttpStatusCode.BadRequest, code);
    }

    [Fact]
    public async Task Designs_are_seen_by_their_organisation_and_by_auditors_only()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        using var rival = await server.JoinAsync(Role.Oem, "Rival Works");
        using var auditor = await server.JoinAsync(Role.Auditor, "Watchers");
        using var manufacturer = await server.JoinAsync(Role.Manufacturer, "Print Shop");
        var id = await oem.NewDesignAsync();

        (await rival.GetAsync($"/api/designs/{id}")).IsRefused(HttpStatusCode.NotFound, "NOT_FOUND");
        Assert.Empty((await rival.GetAsync("/api/designs")).Body.EnumerateArray());
        (await auditor.GetAsync($"/api/designs/{id}")).IsGood();
        (await manufacturer.GetAsync($"/api/designs/{id}")).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await manufacturer.UploadAsync(Models.BinaryStl())).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await auditor.UploadAsync(Models.BinaryStl())).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task An_altered_or_exchanged_sealed_model_does_not_open()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        var (one, other) = (await oem.NewDesignAsync(), await oem.NewDesignAsync());
        var library = server.Services.GetRequiredService<DesignLibrary>();
        var paths = Directory.EnumerateFiles(Path.Combine(server.Data, "blobs"), "*", SearchOption.AllDirectories).ToDictionary(path => Guid.ParseExact(Path.GetFileName(path), "N"));

        File.Copy(paths[other], paths[one], overwrite: true);
        await Assert.ThrowsAsync<InvalidDataException>(() => library.OpenModelAsync(one, default));

        var bytes = await File.ReadAllBytesAsync(paths[other]);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(paths[other], bytes);
        await Assert.ThrowsAsync<InvalidDataException>(() => library.OpenModelAsync(other, default));
    }
}
