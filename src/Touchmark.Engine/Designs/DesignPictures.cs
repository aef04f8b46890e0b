using Touchmark.Engine.Accounts;
using Touchmark.Engine.Licences;
using Touchmark.Engine.Web;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Designs;

/// <summary>Who sees what a design looks like: its owner, those who see everything, and whoever can print it now. A licence that is used up, over or revoked still shows the design's name, and no picture.</summary>
internal sealed class DesignPictures(DesignLibrary library, LicenceLedger licences)
{
    public async Task<Outcome<byte[]>> FindAsync(Guid id, Caller caller, CancellationToken cancel) =>
        await library.FindAsync(id, cancel) is { } design && (caller.MaySee(design.OrganisationId) || await licences.MayPrintAsync(id, caller.OrganisationId, cancel))
        && await library.PictureAsync(id, cancel) is { } picture ? picture : Refusal.NotFound("picture");
}
