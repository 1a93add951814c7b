"""Documents that make GDAL read other files and servers, and a raster to write beside them."""

import json

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIZE, SECRET, SHOWN = 64, 77, 5


def write(path, value=SHOWN, driver='GTiff', size=SIZE, **tags):
    where = dict(crs='EPSG:32633', transform=from_origin(500000, 7000000, 10, 10)) if driver == 'GTiff' else {}
    with rasterio.open(path, 'w', driver=driver, width=size, height=size, count=1, dtype='uint8', **where) as file:
        file.write(np.full((1, size, size), value, np.uint8))
        if tags:
            file.update_tags(ns='OVERVIEWS', **tags)
    return path


def vrt(source):
    return (f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}"><SRS>EPSG:32633</SRS>'
            f'<GeoTransform>500000,10,0,7000000,0,-10</GeoTransform>'
            f'<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{source}</SourceFilename>'
            '<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>')


def raw(path):
    return (f'<VRTDataset rasterXSize="8" rasterYSize="8"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
            f'<SourceFilename relativetoVRT="0">{path}</SourceFilename></VRTRasterBand></VRTDataset>')


DOCUMENTS = {
    'VRT': lambda url, secret: vrt(secret),
    'VRT of raw bytes': lambda url, secret: raw(secret),
    'VRT over curl': lambda url, secret: vrt(f'/vsicurl/{url}/a.tif'),
    'VRT over S3': lambda url, secret: vrt('/vsis3/bucket/a.tif'),
    'VRT in a zip': lambda url, secret: vrt(f'/vsizip//vsicurl/{url}/a.zip/a.tif'),
    'warped VRT': lambda url, secret: vrt(secret).replace('<VRTDataset', '<VRTDataset subClass="VRTWarpedDataset"'),
    'WMS': lambda url, secret: f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}</ServerUrl></Service><DataWindow>'
                               '<SizeX>64</SizeX><SizeY>64</SizeY></DataWindow></GDAL_WMS>',
    'WMTS': lambda url, secret: f'<GDAL_WMTS><GetCapabilitiesUrl>{url}/c.xml</GetCapabilitiesUrl></GDAL_WMTS>',
    'WCS': lambda url, secret: f'<WCS_GDAL><ServiceURL>{url}/?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>',
    'STACIT': lambda url, secret: json.dumps({'type': 'FeatureCollection', 'stac_version': '1.0.0', 'features': [
        {'type': 'Feature', 'stac_version': '1.0.0', 'assets': {'a': {'href': f'{url}/a.tif'}}}]}),
    'URL': lambda url, secret: f'{url}/a.tif',
    'ENVI header': lambda url, secret: 'ENVI\nsamples = 8\nlines = 8\nbands = 1\n',
}
