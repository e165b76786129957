"""Which of GDAL's drivers open files here, and what GDAL may not do in this process at all. Loads no GDAL itself."""

from __future__ import annotations

import os
import re

#: Formats that keep their data in the file itself, or in files of the same name beside it. VRT files, which name
#: others, are looked at first (``engine.raster.vrt_files``).
LOCAL_DRIVERS = frozenset(
    "GTiff LIBERTIFF VRT JP2OpenJPEG JP2KAK JP2ECW JP2MrSID JP2Lura ECW MrSID JPEG JPEGXL PNG WEBP AVIF GIF BIGGIF BMP"
    " PNM TGA netCDF HDF5 HDF5Image Zarr ENVI EHdr GenBin HFA KEA NITF GPKG AAIGrid GRASSASCIIGrid GSAG GSBG GS7BG"
    " SAGA RST RMF ROI_PAC SRTMHGT DTED USGSDEM BT GTX SIGDEM".split()
)

#: Drivers that are not registered, so that nothing nested in a file can call them either: those that fetch from
#: servers or query databases, those that follow names in a header to other files or folders, and formats that no
#: satellite image comes in. Raster drivers first (GDAL 3.10 to 3.13), then vector drivers that leave the file.
SKIPPED_DRIVERS = frozenset(
    "DAAS EEDA EEDAI GTI HTTP OGCAPI PLMOSAIC PostGISRaster GeoRaster Rasterlite RASDAMAN STACIT STACTA WCS WMS WMTS"
    " NGW DERIVED MRF KMLSUPEROVERLAY PDF XYZ"
    " ACE2 ADRG AIG AirSAR BAG BLX BSB BYN CAD CALS CEOS COASP COSAR CPG CTG CTable2 DIMAP DIPEx DOQ1 DOQ2 ECRGTOC EIR"
    " ELAS ERS ESAT ESRIC FAST FIT GFF GRIB GSC GXF HEIF HF2 HKV ILWIS IRIS ISCE ISG ISIS2 ISIS3 JAXAPALSAR JDEM KRO"
    " L1B LAN LCP LOSLAS Leveller MAP MBTiles MFF MFF2 MSG MSGN NDF NGSGEOID NOAA_B NSIDCbin NTv2 NWT_GRC NWT_GRD OZI"
    " PAux PCIDSK PCRaster PDS PDS4 PRF R RCM RIK RPFTOC RRASTER RS2 S102 S104 S111 SAFE SAR_CEOS SDTS SENTINEL2 SGI"
    " SNAP_TIFF SNODAS SRP TIL TSX Terragen VICAR XPM ZMap"
    " GNMFile GNMDatabase OGR_VRT GMLAS WFS OAPIF CSW PLScenes AmigoCloud CARTO Elasticsearch PostgreSQL MySQL"
    " MSSQLSpatial ODBC PGeo MDB MongoDBv3 HANA OCI EDIGEO ADBC GDALG GPSBabel".split()
)

#: GDAL's and PROJ's settings from the environment that decide over code and network, as they have to be.
_SETTINGS = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    # No name fits this one: every file behind a web address counts as absent, under all of GDAL's prefixes for such.
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GML_DOWNLOAD_SCHEMA": "NO",
    # Requests that are no files' (the address of a CRS in a GeoJSON file) go by a proxy: this one is not there.
    "GDAL_HTTP_PROXY": "127.0.0.1:1",
    "GDAL_HTTPS_PROXY": "127.0.0.1:1",
    "PROJ_NETWORK": "OFF",
}
#: Settings that would load code: extensions of SQLite, drivers written in Python.
_REMOVED = ("OGR_SQLITE_LOAD_EXTENSIONS", "GDAL_PYTHON_DRIVER_PATH")


def limit_gdal() -> None:
    """Set the environment so that GDAL, when it registers its drivers, has none that leave the named files.

    It holds for every GDAL of the process that has not started yet: rasterio's and that of pyogrio are two. What the
    user's environment skips stays skipped; what it would permit is not.
    """
    own = os.environ.get("GDAL_SKIP", "")
    kept = {name.strip() for name in (own.split(",") if "," in own else re.split(r"\s+", own))} - {""}
    os.environ["GDAL_SKIP"] = ",".join(sorted(kept | SKIPPED_DRIVERS))
    os.environ.update(_SETTINGS)
    # GDAL says on stderr of every name that it has no such driver to leave out, and no build has them all.
    os.environ.setdefault("CPL_LOG", os.devnull)
    for name in _REMOVED:
        os.environ.pop(name, None)
