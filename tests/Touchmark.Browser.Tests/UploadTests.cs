using System.Buffers.Binary;
using System.Runtime.Versioning;
using Microsoft.Playwright;
using Touchmark.Engine.Accounts;
using Touchmark.Engine.Tests.Designs;
using Touchmark.Engine.Tests.Server;

namespace Touchmark.Browser.Tests;

/// <summary>The upload page: what is chosen is seen before it is sent, and what breaks off goes on.</summary>
[SupportedOSPlatform("linux")]
public sealed class UploadTests(Chromium chromium)
{
    [Theory]
    [InlineData("desktop")]
    [InlineData("phone")]
    public async Task A_model_is_measured_before_it_is_sent_and_pictured_after(string device)
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await Portal.SignedInAsync(chromium.Browser, server, oem, device == "phone" ? Device.Phone : Device.Desktop);
        await reader.GoAsync("/designs/new");
        await ChooseAsync(reader, "box.3mf", Models.ThreeMf());

        var view = reader.Page.Locator("[data-model-view]");
        await Assertions.Expect(view).ToHaveAttributeAsync("data-state", "shown");
        await Assertions.Expect(view.Locator("[data-model=size]")).ToHaveTextAsync("40 × 20 × 5 mm");
        await Assertions.Expect(view.Locator("[data-model=volume]")).ToHaveTextAsync("4 cm³");
        await Assertions.Expect(view.Locator("[data-model=surface]")).ToHaveTextAsync("closed");
        await reader.FitsAsync();
        await reader.KeepAsync("upload-view");

        await reader.Page.ClickAsync("button:has-text('Upload')");
        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("box");
        Assert.True(await reader.Page.Locator("img.picture").EvaluateAsync<bool>("async image => (await image.decode(), image.naturalWidth === 320)"));
        await reader.FitsAsync();
        await reader.KeepAsync("upload-design");
        await reader.GoAsync("/designs");
        await reader.FitsAsync();
        await reader.KeepAsync("upload-designs");
    }

    [Fact]
    public async Task The_view_of_a_model_is_turned_by_keys()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        // Drawn by the processor, slowly: in a browser of its own, so that the others' pages do not wait for it.
        await using var drawing = await chromium.LaunchAsync("--enable-unsafe-swiftshader");
        await using var reader = await Portal.SignedInAsync(drawing, server, oem, Device.Desktop);
        await reader.GoAsync("/designs/new");
        await ChooseAsync(reader, "box.stl", Models.BinaryStl());
        var view = reader.Page.Locator("[data-model-view]");
        await Assertions.Expect(view.Locator("canvas")).ToBeHiddenAsync();
        await view.Locator("button:has-text('Show the model')").ClickAsync();
        await Assertions.Expect(view.Locator("canvas")).ToHaveAttributeAsync("aria-label", "The model, 40 × 20 × 5 mm. Arrow keys turn it, plus and minus zoom, Home brings it back.");
        await view.Locator("canvas[data-drawn]").WaitForAsync();
        var before = await view.Locator("canvas").GetAttributeAsync("data-drawn");
        await view.Locator("canvas").FocusAsync();
        await reader.Page.Keyboard.PressAsync("ArrowLeft");
        await reader.Page.Keyboard.PressAsync("+");
        await Assertions.Expect(view.Locator("canvas")).Not.ToHaveAttributeAsync("data-drawn", before!);
        await reader.Page.Keyboard.PressAsync("Home");
        await Assertions.Expect(view.Locator("canvas")).ToHaveAttributeAsync("data-drawn", before!);
        await reader.KeepAsync("upload-turned");
    }

    [Fact]
    public async Task A_file_that_the_engine_will_not_take_is_told_before_it_is_sent()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await Portal.SignedInAsync(chromium.Browser, server, oem, Device.Phone);
        await reader.GoAsync("/designs/new");

        await ChooseAsync(reader, "box.stl", Models.WithCoordinate(float.NaN));
        await Assertions.Expect(reader.Page.Locator("[data-model-said]")).ToContainTextAsync("will not take this file");
        await reader.KeepAsync("upload-refused");
        await ChooseAsync(reader, "box.stl", Models.BinaryStl());
        await Assertions.Expect(reader.Page.Locator("[data-model-said]")).ToHaveTextAsync("The engine will take this file.");
    }

    [Fact]
    public async Task An_upload_that_breaks_off_goes_on_by_itself()
    {
        await using var server = await ServerFactory.StartAsync();
        using var oem = await server.JoinAsync(Role.Oem, "Bracket Works");
        await using var reader = await Portal.SignedInAsync(chromium.Browser, server, oem, Device.Desktop);
        await reader.GoAsync("/designs/new");
        var sent = new List<string>();
        await reader.Page.RouteAsync("**/designs/uploads/*", async route =>
        {
            if (route.Request.Method == "PATCH")
            {
                sent.Add((await route.Request.HeaderValueAsync("upload-offset"))!);
                if (sent.Count == 2)
                {
                    await route.AbortAsync("connectionreset");
                    return;
                }
            }

            await route.ContinueAsync();
        });
        // Two pieces of 4 MiB, and some.
        await ChooseAsync(reader, "many.stl", Many(180_000));
        await reader.Page.ClickAsync("button:has-text('Upload')");

        await Assertions.Expect(reader.Page.Locator("h1")).ToHaveTextAsync("many");
        Assert.Equal(["0", "4194304", "4194304", "8388608"], sent);
    }

    /// <summary>A plate of so many facets, closed by its own back.</summary>
    internal static byte[] Many(int facets)
    {
        var box = Models.BinaryStl();
        var file = new byte[84 + (50 * facets)];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(80), facets);
        for (var at = 84; at < file.Length; at += 600)
        {
            box.AsSpan(84, Math.Min(600, file.Length - at)).CopyTo(file.AsSpan(at));
        }

        return file;
    }

    private static Task ChooseAsync(Reader reader, string name, byte[] file) => reader.Page.SetInputFilesAsync("input[name=file]", new FilePayload { Name = name, MimeType = "", Buffer = file });
}
