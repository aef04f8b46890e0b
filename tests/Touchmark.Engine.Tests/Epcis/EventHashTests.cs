using Touchmark.Engine.Epcis;

namespace Touchmark.Engine.Tests.Epcis;

/// <summary>
/// Event hash ids against those that the reference implementation publishes (RalphTro/epcis-event-hash-generator, tests/examples: TimeStampRoundOff, persistentDisposition,
/// epcisDocWithShippingAndTransportingEvent, epcisDocHavingEventWithIgnoreFields), for the events that we can write. Their EPC URNs stand here as the canonical Digital Links that the rules make of them.
/// </summary>
public sealed class EventHashTests
{
    private static readonly TimeSpan Berlin = TimeSpan.FromHours(1);

    public static TheoryData<string, string> Published => new()
    {
        { "rounded up", "ni:///sha-256;af7658e711574363633f20b3dadc7bc4c13c6f612cf96d95e03c421c0e58f3c6?ver=CBV2.0" },
        { "rounded down", "ni:///sha-256;0550df44527332c1fe417c5837fe61b9e71eaa93307b88519dac549bf2d4dcf9?ver=CBV2.0" },
        { "recalled", "ni:///sha-256;f6a9d89f2cd8d7931daa3d4c3d48399c2173b88417932f8cc04d021671e7d01e?ver=CBV2.0" },
        { "recall lifted", "ni:///sha-256;4dbb5d87794987ec4a7c519cff1260d00163e78bf44144d09aee135294d39d10?ver=CBV2.0" },
        { "under way", "ni:///sha-256;1d2ec4174d8f0b5988a44795b31a636e8bc7f88ebc4bdc0d35c14f215a842e80?ver=CBV2.0" },
        { "inspected", "ni:///sha-256;b3d481c5590757ab8361a6cb0e924820feb3b61eb568e7d7703f21a96f76f51d?ver=CBV2.0" },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void The_id_of_an_event_is_that_of_the_reference_implementation(string name, string id) => Assert.Equal(id, Event(name).Id);

    [Fact]
    public void What_is_hashed_has_every_field_in_the_vocabularys_order()
    {
        var happened = new EpcisEvent
        {
            Time = new DateTimeOffset(2026, 5, 4, 12, 0, 0, 7, TimeSpan.FromMinutes(-210)),
            Epcs = ["urn:b", "urn:a"],
            CertificationInfo = "ni:///sha-256;AA",
            BizStep = "shipping",
            Disposition = "in_transit",
            SetPersistently = "recalled",
            Unset = "damaged",
            ReadPoint = "urn:touchmark:region:DE",
            From = "urn:x",
            To = "urn:y",
            Extensions = new Dictionary<string, string> { ["note"] = " two words ", ["into"] = "Gantry" },
        };

        Assert.Equal(
            "eventType=ObjectEventeventTime=2026-05-04T15:30:00.007ZeventTimeZoneOffset=-03:30certificationInfo=ni:///sha-256;AAepcListepc=urn:aepc=urn:baction=OBSERVE"
            + "bizStep=https://ref.gs1.org/cbv/BizStep-shippingdisposition=https://ref.gs1.org/cbv/Disp-in_transit"
            + "persistentDispositionset=https://ref.gs1.org/cbv/Disp-recalledunset=https://ref.gs1.org/cbv/Disp-damagedreadPointid=urn:touchmark:region:DE"
            + "sourceListtype=https://ref.gs1.org/cbv/SDT-possessing_partysource=urn:xdestinationListtype=https://ref.gs1.org/cbv/SDT-possessing_partydestination=urn:y"
            + "{urn:touchmark:epcis:}into=Gantry{urn:touchmark:epcis:}note=two words",
            happened.PreHash());
    }

    private static EpcisEvent Event(string name) => name switch
    {
        "rounded up" => new()
        {
            Time = At(2023, 2, 2, 12, 4, 3, 1415), Epcs = ["https://id.gs1.org/00/040123451111111110"], BizStep = "shipping", Disposition = "in_transit", ReadPoint = "https://id.gs1.org/414/4012345000115",
        },
        "rounded down" => new()
        {
            Time = At(2023, 2, 2, 12, 4, 3, 1414), Epcs = ["https://id.gs1.org/00/040123451111111110"], BizStep = "transporting", ReadPoint = "geo:50.947573340894124,6.922120147375441",
        },
        "recalled" => new()
        {
            Time = At(2021, 4, 1, 15, 0, 0), Epcs = ["https://id.gs1.org/01/04012345111118/21/2", "https://id.gs1.org/01/04012345111118/21/1"], BizStep = "shipping", Disposition = "in_transit",
            ReadPoint = "https://id.gs1.org/414/4012345000054", SetPersistently = "recalled",
        },
        "recall lifted" => new()
        {
            Time = At(2021, 4, 1, 15, 0, 0), Epcs = ["https://id.gs1.org/01/04012345111118/21/2"], BizStep = "inspecting", ReadPoint = "https://id.gs1.org/414/4012345000054", Unset = "recalled",
        },
        "under way" => new()
        {
            Time = At(2022, 2, 16, 16, 50, 0), Epcs = ["https://id.gs1.org/00/140123451122233341"], BizStep = "transporting", ReadPoint = "geo:47.506694,11.104301",
        },
        _ => new()
        {
            Time = At(2019, 10, 21, 15, 45, 0), Epcs = ["https://id.gs1.org/00/040123451111111127"], BizStep = "inspecting", Disposition = "in_progress",
            ReadPoint = "https://id.gs1.org/414/4012345000245/254/1",
        },
    };

    /// <summary>A time of day at UTC+01:00.</summary>
    private static DateTimeOffset At(int year, int month, int day, int hour, int minute, int second, int tenThousandths = 0) =>
        new DateTimeOffset(year, month, day, hour, minute, second, Berlin).AddTicks(tenThousandths * TimeSpan.TicksPerMillisecond / 10);
}
