<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>smarties</name>
    <message>
        <source>all classes</source>
        <translation>toutes les classes</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Band</source>
        <translation>Bande</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Nom</translation>
    </message>
    <message>
        <source>Centre</source>
        <translation>Centre</translation>
    </message>
    <message>
        <source>From</source>
        <translation>De</translation>
    </message>
    <message>
        <source>To</source>
        <translation>À</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>Unité</translation>
    </message>
    <message>
        <source>Polarisation</source>
        <translation>Polarisation</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>Utiliser</translation>
    </message>
    <message>
        <source>Image {number} has bands in the matrix and in the JSON list.</source>
        <translation>L'image {number} a des bandes dans la matrice et dans la liste JSON.</translation>
    </message>
    <message>
        <source>Give them in one of the two.</source>
        <translation>Indiquez-les dans l'une des deux seulement.</translation>
    </message>
    <message>
        <source>The list of band tables is no JSON: {reason}.</source>
        <translation>La liste des tables de bandes n'est pas du JSON : {reason}.</translation>
    </message>
    <message>
        <source>Write [TABLE, null, …] with one table or null per image.</source>
        <translation>Saisissez [TABLE, null, …] avec une table ou null par image.</translation>
    </message>
    <message>
        <source>The list has {tables} band tables for {images} images.</source>
        <translation>La liste contient {tables} tables de bandes pour {images} images.</translation>
    </message>
    <message>
        <source>Write one table per image, null for an image without one.</source>
        <translation>Saisissez une table par image, null pour une image sans table.</translation>
    </message>
    <message>
        <source>The band matrix has {cells} cells, which make no rows of {columns}.</source>
        <translation>La matrice des bandes a {cells} cellules, ce qui ne donne pas des lignes de {columns}.</translation>
    </message>
    <message>
        <source>Give the columns {columns} for every band; a cell may be empty.</source>
        <translation>Renseignez les colonnes {columns} pour chaque bande ; une cellule peut rester vide.</translation>
    </message>
    <message>
        <source>The band matrix names the image “{image}”, which is none of the {count} images.</source>
        <translation>La matrice des bandes cite l'image « {image} », qui n'est aucune des {count} images.</translation>
    </message>
    <message>
        <source>Write its number, counted from 1, or its layer's name.</source>
        <translation>Saisissez son numéro, à partir de 1, ou le nom de sa couche.</translation>
    </message>
    <message>
        <source>The band matrix names band {band} of {layer} twice.</source>
        <translation>La matrice des bandes cite deux fois la bande {band} de {layer}.</translation>
    </message>
    <message>
        <source>Keep one of its rows.</source>
        <translation>Gardez une seule de ses lignes.</translation>
    </message>
    <message>
        <source>The band matrix says “{text}” in the column Use.</source>
        <translation>La matrice des bandes contient « {text} » dans la colonne Utiliser.</translation>
    </message>
    <message>
        <source>Write yes or no.</source>
        <translation>Saisissez yes (oui) ou no (non).</translation>
    </message>
    <message>
        <source>The band matrix names the band “{band}”, which {layer} does not have.</source>
        <translation>La matrice des bandes cite la bande « {band} », que {layer} n'a pas.</translation>
    </message>
    <message>
        <source>Write its number, counted from 1 up to {count}, or its name.</source>
        <translation>Saisissez son numéro, de 1 à {count}, ou son nom.</translation>
    </message>
    <message>
        <source>Embeddings</source>
        <translation>Embeddings</translation>
    </message>
    <message>
        <source>about {count} s left</source>
        <translation>encore {count} s environ</translation>
    </message>
    <message>
        <source>about {count} min left</source>
        <translation>encore {count} min environ</translation>
    </message>
    <message>
        <source>about {count} h left</source>
        <translation>encore {count} h environ</translation>
    </message>
    <message>
        <source>Detect change</source>
        <translation>Détecter les changements</translation>
    </message>
    <message>
        <source>Shows where two dates, or two sensors, see something different.</source>
        <translation>Montre où deux dates, ou deux capteurs, voient quelque chose de différent.</translation>
    </message>
    <message>
        <source>change,difference,time,before,after,monitoring</source>
        <translation>changement,différence,temps,avant,après,suivi,surveillance,diachronique</translation>
    </message>
    <message>
        <source>Rasters of any sensors that lie on each other, or an embedding made before, or its picture.</source>
        <translation>Rasters superposables de tous capteurs, ou un embedding déjà calculé, ou son aperçu.</translation>
    </message>
    <message>
        <source>Images or embedding before</source>
        <translation>Images ou embedding d'avant</translation>
    </message>
    <message>
        <source>Those of the second date or sensor; all are brought to one grid.</source>
        <translation>Celles de la seconde date ou du second capteur ; toutes sont ramenées à une même grille.</translation>
    </message>
    <message>
        <source>Images or embedding after</source>
        <translation>Images ou embedding d'après</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Changement</translation>
    </message>
    <message>
        <source>The cosine distance of the features, 0 to 2, with one cell per token.</source>
        <translation>La distance cosinus des caractéristiques, de 0 à 2, avec une cellule par token.</translation>
    </message>
    <message>
        <source>Check the engine</source>
        <translation>Vérifier le moteur</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Moteur</translation>
    </message>
    <message>
        <source>Starts the engine and reports its versions, device, precision and models.</source>
        <translation>Démarre le moteur et indique ses versions, son périphérique, sa précision et ses modèles.</translation>
    </message>
    <message>
        <source>device,version,environment,diagnostics,gpu</source>
        <translation>périphérique,version,environnement,diagnostic,gpu,carte graphique</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Rapport</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Périphérique</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Précision</translation>
    </message>
    <message>
        <source>The engine stopped while it was asked.</source>
        <translation>Le moteur s'est arrêté pendant la requête.</translation>
    </message>
    <message>
        <source>Run the check again.</source>
        <translation>Relancez la vérification.</translation>
    </message>
    <message>
        <source>Engine {version}</source>
        <translation>Moteur {version}</translation>
    </message>
    <message>
        <source>Device: {device}</source>
        <translation>Périphérique : {device}</translation>
    </message>
    <message>
        <source>Precision: {precision}</source>
        <translation>Précision : {precision}</translation>
    </message>
    <message>
        <source>Segment without labels</source>
        <translation>Segmenter sans zones d'entraînement</translation>
    </message>
    <message>
        <source>Divides images into groups of places that look alike, without an example.</source>
        <translation>Répartit les images en groupes de lieux qui se ressemblent, sans aucun exemple.</translation>
    </message>
    <message>
        <source>cluster,k-means,unsupervised,classification,segmentation,map</source>
        <translation>cluster,k-moyennes,k-means,non supervisé,classification,segmentation,carte,regroupement</translation>
    </message>
    <message>
        <source>Clusters</source>
        <translation>Groupes</translation>
    </message>
    <message>
        <source>How many groups to make.</source>
        <translation>Nombre de groupes à former.</translation>
    </message>
    <message>
        <source>A class raster with one cell per token; alike clusters in alike colours.</source>
        <translation>Un raster de classes avec une cellule par token ; des couleurs proches pour des groupes proches.</translation>
    </message>
    <message>
        <source>Classes (JSON)</source>
        <translation>Classes (JSON)</translation>
    </message>
    <message>
        <source>Describe images</source>
        <translation>Décrire des images</translation>
    </message>
    <message>
        <source>Shows bands, wavelengths, where they come from, the learnt layers they map to, and the grid.</source>
        <translation>Montre les bandes, les longueurs d'onde et leur origine, les couches apprises qui leur correspondent, et la grille.</translation>
    </message>
    <message>
        <source>bands,wavelengths,sensor,metadata,spectrum</source>
        <translation>bandes,longueurs d'onde,capteur,métadonnées,spectre</translation>
    </message>
    <message>
        <source>Bands of the images</source>
        <translation>Bandes des images</translation>
    </message>
    <message>
        <source>A table with one row per band.</source>
        <translation>Une table avec une ligne par bande.</translation>
    </message>
    <message>
        <source>Description</source>
        <translation>Description</translation>
    </message>
    <message>
        <source>Web pages (*.html)</source>
        <translation>Pages web (*.html)</translation>
    </message>
    <message>
        <source>The same as a page, with radiometry, statistics and the common grid.</source>
        <translation>La même chose sous forme de page, avec la radiométrie, les statistiques et la grille commune.</translation>
    </message>
    <message>
        <source>Common grid</source>
        <translation>Grille commune</translation>
    </message>
    <message>
        <source>Unusable bands</source>
        <translation>Bandes inutilisables</translation>
    </message>
    <message>
        <source>The page {path} cannot be written ({reason}).</source>
        <translation>Impossible d'écrire la page {path} ({reason}).</translation>
    </message>
    <message>
        <source>Choose another folder.</source>
        <translation>Choisissez un autre dossier.</translation>
    </message>
    <message>
        <source>Description of images</source>
        <translation>Description des images</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>inconnu</translation>
    </message>
    <message>
        <source>{sensor} (from {source})</source>
        <translation>{sensor} (d'après {source})</translation>
    </message>
    <message>
        <source>Sensor</source>
        <translation>Capteur</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Grille</translation>
    </message>
    <message>
        <source>Radiometry</source>
        <translation>Radiométrie</translation>
    </message>
    <message>
        <source>Statistics</source>
        <translation>Statistiques</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Note</translation>
    </message>
    <message>
        <source>Range</source>
        <translation>Plage</translation>
    </message>
    <message>
        <source>Learnt layer</source>
        <translation>Couche apprise</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>Verdict</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Source</translation>
    </message>
    <message>
        <source>Problem</source>
        <translation>Problème</translation>
    </message>
    <message>
        <source>refused: {reason}</source>
        <translation>refusé : {reason}</translation>
    </message>
    <message>
        <source>Embed images</source>
        <translation>Calculer l'embedding d'images</translation>
    </message>
    <message>
        <source>Describes every place of satellite images by a vector, whatever sensors they come from.</source>
        <translation>Décrit par un vecteur chaque lieu d'images satellitaires, quels que soient les capteurs.</translation>
    </message>
    <message>
        <source>embedding,features,foundation model,vision transformer,deep learning,satellite,wavelength,sar</source>
        <translation>embedding,plongement,caractéristiques,modèle de fondation,vision transformer,apprentissage profond,deep learning,satellite,longueur d'onde,radar,sar</translation>
    </message>
    <message>
        <source>Type of the values</source>
        <translation>Type des valeurs</translation>
    </message>
    <message>
        <source>int8 takes a quarter of the room, with a scale per band.</source>
        <translation>int8 occupe quatre fois moins de place, avec une échelle par bande.</translation>
    </message>
    <message>
        <source>Cloud-optimised GeoTIFF</source>
        <translation>GeoTIFF optimisé pour le nuage (COG)</translation>
    </message>
    <message>
        <source>Laid out for reading over a network; takes twice the room while it is made.</source>
        <translation>Agencé pour la lecture par le réseau ; prend deux fois la place pendant sa création.</translation>
    </message>
    <message>
        <source>Continue an unfinished run</source>
        <translation>Reprendre un calcul inachevé</translation>
    </message>
    <message>
        <source>Goes on where a run with the same settings and output stopped, and keeps what is finished of this one.</source>
        <translation>Reprend là où un calcul avec les mêmes réglages et la même sortie s’est arrêté, et conserve ce que celui-ci a achevé.</translation>
    </message>
    <message>
        <source>Embedding</source>
        <translation>Embedding</translation>
    </message>
    <message>
        <source>A GeoTIFF with one feature per band; one cell per token.</source>
        <translation>Un GeoTIFF avec une caractéristique par bande ; une cellule par token.</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Aperçu RVB</translation>
    </message>
    <message>
        <source>The three main components of the embedding as red, green and blue.</source>
        <translation>Les trois composantes principales de l'embedding en rouge, vert et bleu.</translation>
    </message>
    <message>
        <source>Tiles</source>
        <translation>Tuiles</translation>
    </message>
    <message>
        <source>Values of type int8 need GDAL {needed} or newer; this QGIS has {found}.</source>
        <translation>Les valeurs de type int8 exigent GDAL {needed} ou plus récent ; ce QGIS a {found}.</translation>
    </message>
    <message>
        <source>Choose float16, which takes twice the room.</source>
        <translation>Choisissez float16, qui occupe deux fois plus de place.</translation>
    </message>
    <message>
        <source>{tiles} tiles in {seconds} s on {device}.</source>
        <translation>{tiles} tuiles en {seconds} s sur {device}.</translation>
    </message>
    <message>
        <source>Fusion of several images</source>
        <translation>Fusion de plusieurs images</translation>
    </message>
    <message>
        <source>stack: all bands as one image; concat: features side by side; mixup: tokens of two sensors swapped.</source>
        <translation>stack : toutes les bandes en une image ; concat : caractéristiques côte à côte ; mixup : tokens de deux capteurs échangés.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modèle</translation>
    </message>
    <message>
        <source>smarties-tiny comes along, a small demonstration model; the released models are downloaded once.</source>
        <translation>smarties-tiny est fourni, un petit modèle de démonstration ; les modèles publiés sont téléchargés une seule fois.</translation>
    </message>
    <message>
        <source>Model file</source>
        <translation>Fichier du modèle</translation>
    </message>
    <message>
        <source>Weights of your own, used in place of the model above.</source>
        <translation>Vos propres poids, utilisés à la place du modèle ci-dessus.</translation>
    </message>
    <message>
        <source>Chip (px)</source>
        <translation>Imagette (px)</translation>
    </message>
    <message>
        <source>Pixels of the grid that fill one input of the model; without one, 112 or 224 by the sensor.</source>
        <translation>Pixels de la grille qui remplissent une entrée du modèle ; sans valeur, 112 ou 224 selon le capteur.</translation>
    </message>
    <message>
        <source>Overlap</source>
        <translation>Recouvrement</translation>
    </message>
    <message>
        <source>Share of a chip that its neighbours repeat: more takes longer and smooths the seams.</source>
        <translation>Part d'une imagette que ses voisines répètent : plus elle est grande, plus le calcul est long et les raccords lisses.</translation>
    </message>
    <message>
        <source>One vector per</source>
        <translation>Un vecteur par</translation>
    </message>
    <message>
        <source>Each token, or each chip.</source>
        <translation>Chaque token, ou chaque imagette.</translation>
    </message>
    <message>
        <source>Least share of valid pixels</source>
        <translation>Part minimale de pixels valides</translation>
    </message>
    <message>
        <source>A cell with fewer has no data.</source>
        <translation>Une cellule qui en a moins reste sans donnée.</translation>
    </message>
    <message>
        <source>Learnt projections</source>
        <translation>Projections apprises</translation>
    </message>
    <message>
        <source>A head that was trained with “Learn projections of unseen bands”: its bands are projected likewise.</source>
        <translation>Une tête entraînée avec « Apprendre les projections des bandes inédites » : ses bandes sont projetées de la même façon.</translation>
    </message>
    <message>
        <source>auto takes a graphics card where there is one.</source>
        <translation>auto utilise une carte graphique s'il y en a une.</translation>
    </message>
    <message>
        <source>auto takes the fastest that is safe.</source>
        <translation>auto utilise la plus rapide qui soit sûre.</translation>
    </message>
    <message>
        <source>Chips per pass</source>
        <translation>Imagettes par passe</translation>
    </message>
    <message>
        <source>Without a number, as many as the device holds.</source>
        <translation>Sans valeur, autant que le périphérique peut en contenir.</translation>
    </message>
    <message>
        <source>The model file {path} does not exist.</source>
        <translation>Le fichier de modèle {path} n'existe pas.</translation>
    </message>
    <message>
        <source>Choose a file, or a model by name.</source>
        <translation>Choisissez un fichier, ou un modèle par son nom.</translation>
    </message>
    <message>
        <source>The file {path} does not exist.</source>
        <translation>Le fichier {path} n'existe pas.</translation>
    </message>
    <message>
        <source>Choose another file.</source>
        <translation>Choisissez un autre fichier.</translation>
    </message>
    <message>
        <source>Fetch a model</source>
        <translation>Télécharger un modèle</translation>
    </message>
    <message>
        <source>Downloads a released model once, or takes a file that was downloaded by hand.</source>
        <translation>Télécharge une fois un modèle publié, ou prend un fichier téléchargé à la main.</translation>
    </message>
    <message>
        <source>download,weights,model</source>
        <translation>télécharger,téléchargement,poids,modèle</translation>
    </message>
    <message>
        <source>It is downloaded where it is not on this computer yet.</source>
        <translation>Il est téléchargé s'il n'est pas encore sur cet ordinateur.</translation>
    </message>
    <message>
        <source>Downloaded file</source>
        <translation>Fichier téléchargé</translation>
    </message>
    <message>
        <source>For a computer without a connection: the model's file, fetched elsewhere.</source>
        <translation>Pour un ordinateur sans connexion : le fichier du modèle, téléchargé ailleurs.</translation>
    </message>
    <message>
        <source>The model's file</source>
        <translation>Le fichier du modèle</translation>
    </message>
    <message>
        <source>{model} is ready: {path}</source>
        <translation>{model} est prêt : {path}</translation>
    </message>
    <message>
        <source>Found by itself</source>
        <translation>Trouvé automatiquement</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Rasters of any sensors that lie on each other; they are brought to one grid.</source>
        <translation>Rasters superposables de tous capteurs ; ils sont ramenés à une même grille.</translation>
    </message>
    <message>
        <source>Bands</source>
        <translation>Bandes</translation>
    </message>
    <message>
        <source>What the files do not tell, or tell wrongly: the image by its number or name, the band by its number or name, and what is known of it. Cells may be empty. Units are nm, µm or GHz.</source>
        <translation>Ce que les fichiers n'indiquent pas, ou indiquent mal : l'image par son numéro ou son nom, la bande par son numéro ou son nom, et ce qu'on en sait. Des cellules peuvent rester vides. Les unités sont nm, µm ou GHz.</translation>
    </message>
    <message>
        <source>Band tables (JSON)</source>
        <translation>Tables de bandes (JSON)</translation>
    </message>
    <message>
        <source>A list with one band table per image, null for an image without one; files are named by their path.</source>
        <translation>Une liste avec une table de bandes par image, null pour une image sans table ; les fichiers sont désignés par leur chemin.</translation>
    </message>
    <message>
        <source>Sensors</source>
        <translation>Capteurs</translation>
    </message>
    <message>
        <source>Names of sensors separated by commas, in the order of the images; “auto” reads it from the file.</source>
        <translation>Noms de capteurs séparés par des virgules, dans l'ordre des images ; « auto » le lit dans le fichier.</translation>
    </message>
    <message>
        <source>Extent</source>
        <translation>Emprise</translation>
    </message>
    <message>
        <source>The part to read; without one, what all images cover.</source>
        <translation>La partie à lire ; sans valeur, ce que couvrent toutes les images.</translation>
    </message>
    <message>
        <source>CRS of the grid</source>
        <translation>SCR de la grille</translation>
    </message>
    <message>
        <source>Without one, that of the finest image.</source>
        <translation>Sans valeur, celui de l'image la plus fine.</translation>
    </message>
    <message>
        <source>Pixel size of the grid</source>
        <translation>Taille de pixel de la grille</translation>
    </message>
    <message>
        <source>In units of the grid's CRS; without one, that of the finest image.</source>
        <translation>En unités du SCR de la grille ; sans valeur, celle de l'image la plus fine.</translation>
    </message>
    <message>
        <source>Reference image</source>
        <translation>Image de référence</translation>
    </message>
    <message>
        <source>The image, counted from 1, whose pixels the grid takes over.</source>
        <translation>Le numéro, à partir de 1, de l'image dont la grille reprend les pixels.</translation>
    </message>
    <message>
        <source>auto: the sensor's where they are known, else estimated from the raster.</source>
        <translation>auto : celles du capteur si elles sont connues, sinon estimées sur le raster.</translation>
    </message>
    <message>
        <source>Statistics file</source>
        <translation>Fichier de statistiques</translation>
    </message>
    <message>
        <source>Written by “smarties stats”; used in place of the choice above.</source>
        <translation>Écrit par « smarties stats » ; utilisé à la place du choix ci-dessus.</translation>
    </message>
    <message>
        <source>Interpolation</source>
        <translation>Interpolation</translation>
    </message>
    <message>
        <source>How bands between the learnt ranges get their layer.</source>
        <translation>Comment les bandes situées entre les plages apprises obtiennent leur couche.</translation>
    </message>
    <message>
        <source>Allow bands far from every learnt range</source>
        <translation>Autoriser les bandes loin de toute plage apprise</translation>
    </message>
    <message>
        <source>Otherwise such a band ends the run.</source>
        <translation>Sinon, une telle bande met fin à l'exécution.</translation>
    </message>
    <message>
        <source>{layer} is given twice.</source>
        <translation>{layer} est indiquée deux fois.</translation>
    </message>
    <message>
        <source>Give it once.</source>
        <translation>Indiquez-la une seule fois.</translation>
    </message>
    <message>
        <source>No image was given.</source>
        <translation>Aucune image n'est indiquée.</translation>
    </message>
    <message>
        <source>Choose at least one raster layer.</source>
        <translation>Choisissez au moins une couche raster.</translation>
    </message>
    <message>
        <source>{layer} has no CRS in its file; the one chosen in QGIS is not read. Assign it with “Assign projection”.</source>
        <translation>Le fichier de {layer} n'a pas de SCR ; celui choisi dans QGIS n'est pas lu. Attribuez-le avec « Assigner une projection ».</translation>
    </message>
    <message>
        <source>Done in {seconds} s.</source>
        <translation>Terminé en {seconds} s.</translation>
    </message>
    <message>
        <source>Done in {seconds} s on {device}.</source>
        <translation>Terminé en {seconds} s sur {device}.</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>Secondes</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>Notes</translation>
    </message>
    <message>
        <source>{layer} has no field “{field}”.</source>
        <translation>{layer} n'a pas de champ « {field} ».</translation>
    </message>
    <message>
        <source>Choose one of {fields}.</source>
        <translation>Choisissez parmi {fields}.</translation>
    </message>
    <message>
        <source>Map of {images}</source>
        <translation>Carte de {images}</translation>
    </message>
    <message>
        <source>The class of every pixel of {images}.</source>
        <translation>La classe de chaque pixel de {images}.</translation>
    </message>
    <message>
        <source>Polygons of {images}</source>
        <translation>Polygones de {images}</translation>
    </message>
    <message>
        <source>The areas of each class in {images}.</source>
        <translation>Les surfaces de chaque classe dans {images}.</translation>
    </message>
    <message>
        <source>Confidence in {images}</source>
        <translation>Confiance dans {images}</translation>
    </message>
    <message>
        <source>How sure the head is of the class of every pixel, from 0 to 1.</source>
        <translation>Le degré de certitude de la tête sur la classe de chaque pixel, de 0 à 1.</translation>
    </message>
    <message>
        <source>Probabilities in {images}</source>
        <translation>Probabilités dans {images}</translation>
    </message>
    <message>
        <source>The probability of every class in every pixel, one class per band.</source>
        <translation>La probabilité de chaque classe en chaque pixel, une classe par bande.</translation>
    </message>
    <message>
        <source>Clusters of {images}</source>
        <translation>Groupes de {images}</translation>
    </message>
    <message>
        <source>Places of {images} that are alike, in alike colours.</source>
        <translation>Les lieux de {images} qui se ressemblent, dans des couleurs proches.</translation>
    </message>
    <message>
        <source>Similarity in {images}</source>
        <translation>Similarité dans {images}</translation>
    </message>
    <message>
        <source>How alike every place of {images} is to the examples, from −1 to 1.</source>
        <translation>La ressemblance de chaque lieu de {images} avec les exemples, de −1 à 1.</translation>
    </message>
    <message>
        <source>Alike places in {images}</source>
        <translation>Lieux similaires dans {images}</translation>
    </message>
    <message>
        <source>Where the similarity is at or above the threshold.</source>
        <translation>Là où la similarité atteint ou dépasse le seuil.</translation>
    </message>
    <message>
        <source>Components of {images}</source>
        <translation>Composantes de {images}</translation>
    </message>
    <message>
        <source>The main components of an embedding of {images}, one per band.</source>
        <translation>Les composantes principales d'un embedding de {images}, une par bande.</translation>
    </message>
    <message>
        <source>PCA picture of {images}</source>
        <translation>Aperçu ACP de {images}</translation>
    </message>
    <message>
        <source>The first three components as red, green and blue.</source>
        <translation>Les trois premières composantes en rouge, vert et bleu.</translation>
    </message>
    <message>
        <source>Change from {before} to {after}</source>
        <translation>Changement de {before} à {after}</translation>
    </message>
    <message>
        <source>How far the features of every place lie apart: 0 for none, 2 at most.</source>
        <translation>L'écart entre les caractéristiques de chaque lieu : 0 s'il est nul, 2 au plus.</translation>
    </message>
    <message>
        <source>Bands predicted from {images}</source>
        <translation>Bandes prédites d'après {images}</translation>
    </message>
    <message>
        <source>What the model expects in bands that {images} lack.</source>
        <translation>Ce que le modèle attend dans des bandes absentes de {images}.</translation>
    </message>
    <message>
        <source>Anomaly of {images}</source>
        <translation>Anomalies de {images}</translation>
    </message>
    <message>
        <source>How wrong the model is about a place that it has to guess from those around it.</source>
        <translation>L'erreur du modèle sur un lieu qu'il doit deviner d'après ceux qui l'entourent.</translation>
    </message>
    <message>
        <source>Maps</source>
        <translation>Cartes</translation>
    </message>
    <message>
        <source>Images or embedding</source>
        <translation>Images ou embedding</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Graine</translation>
    </message>
    <message>
        <source>The same number gives the same result.</source>
        <translation>Le même nombre donne le même résultat.</translation>
    </message>
    <message>
        <source>{path} is one of the files to read.</source>
        <translation>{path} est l'un des fichiers à lire.</translation>
    </message>
    <message>
        <source>Choose another name for the output.</source>
        <translation>Choisissez un autre nom pour la sortie.</translation>
    </message>
    <message>
        <source>“{one}” and “{other}” have the same name.</source>
        <translation>« {one} » et « {other} » ont le même nom.</translation>
    </message>
    <message>
        <source>Choose another name for one of them.</source>
        <translation>Choisissez un autre nom pour l'un des deux.</translation>
    </message>
    <message>
        <source>“{name}” is not the name of a GeoTIFF.</source>
        <translation>« {name} » n'est pas le nom d'un GeoTIFF.</translation>
    </message>
    <message>
        <source>“{name}” is not the name of a GeoPackage.</source>
        <translation>« {name} » n'est pas le nom d'un GeoPackage.</translation>
    </message>
    <message>
        <source>“{name}” is not the name of a {suffix} file.</source>
        <translation>« {name} » n'est pas le nom d'un fichier {suffix}.</translation>
    </message>
    <message>
        <source>Let the name of the output end in {suffix}.</source>
        <translation>Donnez à la sortie un nom qui se termine par {suffix}.</translation>
    </message>
    <message>
        <source>“{text}” is no point.</source>
        <translation>« {text} » n'est pas un point.</translation>
    </message>
    <message>
        <source>Write x,y; x,y [EPSG:4326] with a point as the decimal mark.</source>
        <translation>Saisissez x,y; x,y [EPSG:4326] avec le point comme séparateur décimal.</translation>
    </message>
    <message>
        <source>Some of the points have a CRS and others have none.</source>
        <translation>Certains points ont un SCR et d'autres n'en ont pas.</translation>
    </message>
    <message>
        <source>Write [EPSG:…] behind the last of each list.</source>
        <translation>Saisissez [EPSG:…] après le dernier point de chaque liste.</translation>
    </message>
    <message>
        <source>The point {x}, {y} does not lie in {crs}.</source>
        <translation>Le point {x}, {y} n'est pas dans le domaine de {crs}.</translation>
    </message>
    <message>
        <source>Check its coordinates and its CRS.</source>
        <translation>Vérifiez ses coordonnées et son SCR.</translation>
    </message>
    <message>
        <source>“{text}” is no CRS.</source>
        <translation>« {text} » n'est pas un SCR.</translation>
    </message>
    <message>
        <source>Write a code such as EPSG:4326.</source>
        <translation>Saisissez un code tel que EPSG:4326.</translation>
    </message>
    <message>
        <source>Predict missing bands</source>
        <translation>Prédire des bandes manquantes</translation>
    </message>
    <message>
        <source>Predicts bands that a sensor lacks from those it has, and shows what is out of the ordinary.</source>
        <translation>Prédit les bandes qui manquent à un capteur à partir de celles qu'il possède, et montre ce qui sort de l'ordinaire.</translation>
    </message>
    <message>
        <source>reconstruct,predict,near infrared,synthetic band,anomaly,decoder</source>
        <translation>reconstruire,reconstruction,prédire,prédiction,proche infrarouge,bande synthétique,anomalie,décodeur</translation>
    </message>
    <message>
        <source>Bands to predict</source>
        <translation>Bandes à prédire</translation>
    </message>
    <message>
        <source>SENSOR:BAND, separated by commas, or names of learnt layers such as near_infrared_1.</source>
        <translation>CAPTEUR:BANDE, séparés par des virgules, ou noms de couches apprises tels que near_infrared_1.</translation>
    </message>
    <message>
        <source>Hidden share</source>
        <translation>Part masquée</translation>
    </message>
    <message>
        <source>Part of the tokens that is hidden from the model in each pass.</source>
        <translation>Part des tokens masquée au modèle à chaque passe.</translation>
    </message>
    <message>
        <source>Trained on normalised patches</source>
        <translation>Entraîné sur des patchs normalisés</translation>
    </message>
    <message>
        <source>As the released models are.</source>
        <translation>Comme le sont les modèles publiés.</translation>
    </message>
    <message>
        <source>Predicted bands</source>
        <translation>Bandes prédites</translation>
    </message>
    <message>
        <source>A GeoTIFF on the grid of the images, in the units of each sensor.</source>
        <translation>Un GeoTIFF sur la grille des images, dans les unités de chaque capteur.</translation>
    </message>
    <message>
        <source>Anomaly</source>
        <translation>Anomalies</translation>
    </message>
    <message>
        <source>The error of the model about places hidden from it, one cell per token.</source>
        <translation>L'erreur du modèle sur les lieux qui lui sont masqués, une cellule par token.</translation>
    </message>
    <message>
        <source>Reduce to main components</source>
        <translation>Réduire aux composantes principales</translation>
    </message>
    <message>
        <source>Reduces an embedding to few bands, in colours that can be compared between scenes.</source>
        <translation>Réduit un embedding à quelques bandes, dans des couleurs comparables d'une scène à l'autre.</translation>
    </message>
    <message>
        <source>pca,principal components,dimension,compress,embedding,picture</source>
        <translation>acp,pca,composantes principales,dimension,compresser,embedding,aperçu</translation>
    </message>
    <message>
        <source>Components</source>
        <translation>Composantes</translation>
    </message>
    <message>
        <source>How many bands to keep, those that tell most first.</source>
        <translation>Nombre de bandes à conserver, les plus informatives d'abord.</translation>
    </message>
    <message>
        <source>Basis of another scene</source>
        <translation>Base d'une autre scène</translation>
    </message>
    <message>
        <source>Components saved before: what is alike in both scenes has one colour.</source>
        <translation>Composantes déjà enregistrées : ce qui se ressemble dans les deux scènes a la même couleur.</translation>
    </message>
    <message>
        <source>float16 takes half the room.</source>
        <translation>float16 occupe deux fois moins de place.</translation>
    </message>
    <message>
        <source>A GeoTIFF with one component per band.</source>
        <translation>Un GeoTIFF avec une composante par bande.</translation>
    </message>
    <message>
        <source>Basis to save</source>
        <translation>Base à enregistrer</translation>
    </message>
    <message>
        <source>Bases (*.safetensors)</source>
        <translation>Bases (*.safetensors)</translation>
    </message>
    <message>
        <source>The components, to be applied to other scenes.</source>
        <translation>Les composantes, à appliquer à d'autres scènes.</translation>
    </message>
    <message>
        <source>Write a sample scene</source>
        <translation>Créer une scène d'exemple</translation>
    </message>
    <message>
        <source>A simulated piece of land as Sentinel-2, Sentinel-1, Landsat-8 and an aerial camera would see it.</source>
        <translation>Un paysage simulé, tel que le verraient Sentinel-2, Sentinel-1, Landsat-8 et une caméra aérienne.</translation>
    </message>
    <message>
        <source>example,tutorial,data,simulated</source>
        <translation>exemple,tutoriel,données,simulation</translation>
    </message>
    <message>
        <source>Another number draws another landscape.</source>
        <translation>Un autre nombre donne un autre paysage.</translation>
    </message>
    <message>
        <source>Folder for the scene</source>
        <translation>Dossier de la scène</translation>
    </message>
    <message>
        <source>Its files take about 15 MB.</source>
        <translation>Ses fichiers occupent environ 15 Mo.</translation>
    </message>
    <message>
        <source>Training polygons of the sample scene</source>
        <translation>Polygones d'entraînement de la scène d'exemple</translation>
    </message>
    <message>
        <source>Segment with a head</source>
        <translation>Segmenter avec une tête</translation>
    </message>
    <message>
        <source>Gives every pixel of images its class, by a head that was trained before.</source>
        <translation>Donne à chaque pixel des images sa classe, avec une tête entraînée auparavant.</translation>
    </message>
    <message>
        <source>segmentation,classification,map,predict,land cover,polygons,confidence</source>
        <translation>segmentation,classification,carte,prédire,prédiction,occupation du sol,polygones,confiance</translation>
    </message>
    <message>
        <source>Head</source>
        <translation>Tête</translation>
    </message>
    <message>
        <source>What “Train a head” wrote; it brings its model, chip, fusion and statistics along.</source>
        <translation>Le résultat de « Entraîner une tête » ; il apporte son modèle, son imagette, sa fusion et ses statistiques.</translation>
    </message>
    <message>
        <source>Sieve (px)</source>
        <translation>Tamisage (px)</translation>
    </message>
    <message>
        <source>Patches of fewer pixels are dissolved into what surrounds them; 0 keeps all.</source>
        <translation>Les îlots de moins de pixels sont fondus dans ce qui les entoure ; 0 les conserve tous.</translation>
    </message>
    <message>
        <source>Share of a chip that its neighbours repeat; without one, the head's.</source>
        <translation>Part d'une imagette que ses voisines répètent ; sans valeur, celle de la tête.</translation>
    </message>
    <message>
        <source>Kind of confidence</source>
        <translation>Type de confiance</translation>
    </message>
    <message>
        <source>probability: of the class that won; entropy: 1 where one class is certain, 0 where all are alike.</source>
        <translation>probability : celle de la classe retenue ; entropy : 1 si une seule classe est certaine, 0 si toutes se valent.</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Carte</translation>
    </message>
    <message>
        <source>A class raster on the grid of the images, with names and colours inside.</source>
        <translation>Un raster de classes sur la grille des images, avec noms et couleurs inclus.</translation>
    </message>
    <message>
        <source>Confidence</source>
        <translation>Confiance</translation>
    </message>
    <message>
        <source>How sure the head is, from 0 to 1.</source>
        <translation>Le degré de certitude de la tête, de 0 à 1.</translation>
    </message>
    <message>
        <source>Polygons</source>
        <translation>Polygones</translation>
    </message>
    <message>
        <source>The same map as a GeoPackage, with class and area.</source>
        <translation>La même carte en GeoPackage, avec classe et superficie.</translation>
    </message>
    <message>
        <source>Probabilities</source>
        <translation>Probabilités</translation>
    </message>
    <message>
        <source>A raster with one band per class.</source>
        <translation>Un raster avec une bande par classe.</translation>
    </message>
    <message>
        <source>Find alike places</source>
        <translation>Trouver des lieux similaires</translation>
    </message>
    <message>
        <source>Shows where images look like the places you point at.</source>
        <translation>Montre où les images ressemblent aux lieux que vous désignez.</translation>
    </message>
    <message>
        <source>similarity,search,alike,cosine,example,detection</source>
        <translation>similarité,recherche,ressemblance,cosinus,exemple,détection</translation>
    </message>
    <message>
        <source>Take the mean off</source>
        <translation>Retrancher la moyenne</translation>
    </message>
    <message>
        <source>Takes off what all places of the image have in common: values then tell of what they differ in.</source>
        <translation>Retranche ce que tous les lieux de l’image ont en commun : les valeurs disent alors en quoi ils diffèrent.</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>Seuil</translation>
    </message>
    <message>
        <source>Places at or above it become polygons.</source>
        <translation>Les lieux qui l'atteignent ou le dépassent deviennent des polygones.</translation>
    </message>
    <message>
        <source>Similarity</source>
        <translation>Similarité</translation>
    </message>
    <message>
        <source>A raster from −1 to 1 with one cell per token.</source>
        <translation>Un raster de −1 à 1 avec une cellule par token.</translation>
    </message>
    <message>
        <source>Alike places</source>
        <translation>Lieux similaires</translation>
    </message>
    <message>
        <source>A GeoPackage of the places at or above the threshold, with their area.</source>
        <translation>Un GeoPackage des lieux qui atteignent ou dépassent le seuil, avec leur superficie.</translation>
    </message>
    <message>
        <source>Points x,y; x,y [EPSG:4326]; without a CRS, in that of the image.</source>
        <translation>Points x,y; x,y [EPSG:4326] ; sans SCR, dans celui de l'image.</translation>
    </message>
    <message>
        <source>Points that are alike</source>
        <translation>Points similaires</translation>
    </message>
    <message>
        <source>Layer of what is alike</source>
        <translation>Couche de ce qui est similaire</translation>
    </message>
    <message>
        <source>Points, lines or polygons, each an example of what is sought.</source>
        <translation>Points, lignes ou polygones, chacun étant un exemple de ce qui est recherché.</translation>
    </message>
    <message>
        <source>Points that are not</source>
        <translation>Points non similaires</translation>
    </message>
    <message>
        <source>Layer of what is not</source>
        <translation>Couche de ce qui ne l'est pas</translation>
    </message>
    <message>
        <source>Places that look like what is sought but are something else.</source>
        <translation>Lieux qui ressemblent à ce qui est recherché mais sont autre chose.</translation>
    </message>
    <message>
        <source>No example was given.</source>
        <translation>Aucun exemple n'est indiqué.</translation>
    </message>
    <message>
        <source>Write a point of what is sought, or choose a layer of examples.</source>
        <translation>Saisissez un point de ce qui est recherché, ou choisissez une couche d'exemples.</translation>
    </message>
    <message>
        <source>Train a head</source>
        <translation>Entraîner une tête</translation>
    </message>
    <message>
        <source>Learns from labelled places to tell classes apart, and measures how well it does.</source>
        <translation>Apprend à distinguer des classes à partir de zones d'entraînement, et mesure la qualité du résultat.</translation>
    </message>
    <message>
        <source>train,classification,labels,supervised,land cover,accuracy,machine learning</source>
        <translation>entraîner,entraînement,classification,étiquettes,supervisé,occupation du sol,exactitude,apprentissage automatique</translation>
    </message>
    <message>
        <source>Rasters of one place, of any sensors, or embeddings of several places, each its own scene.</source>
        <translation>Rasters d'un même lieu, de tous capteurs, ou embeddings de plusieurs lieux, chacun étant une scène à part.</translation>
    </message>
    <message>
        <source>Images or embeddings</source>
        <translation>Images ou embeddings</translation>
    </message>
    <message>
        <source>{percent} % of the held-out labels are right; mean F1 {f1}. {time}</source>
        <translation>{percent} % des échantillons mis de côté sont justes ; F1 moyen {f1}. {time}</translation>
    </message>
    <message>
        <source>No labels were given.</source>
        <translation>Aucune zone d'entraînement n'est indiquée.</translation>
    </message>
    <message>
        <source>Choose a layer with a class field, or a raster of classes.</source>
        <translation>Choisissez une couche avec un champ de classe, ou un raster de classes.</translation>
    </message>
    <message>
        <source>Labels</source>
        <translation>Zones d'entraînement</translation>
    </message>
    <message>
        <source>Points, lines or polygons with a class field, saved or not, or a raster of classes.</source>
        <translation>Points, lignes ou polygones avec un champ de classe, enregistrés ou non, ou un raster de classes.</translation>
    </message>
    <message>
        <source>Class field</source>
        <translation>Champ de classe</translation>
    </message>
    <message>
        <source>Text or number. Without one, the field that the layer's style shows, or the only one that can be.</source>
        <translation>Texte ou nombre. Sans valeur, le champ que montre le style de la couche, ou le seul possible.</translation>
    </message>
    <message>
        <source>Classes to leave out</source>
        <translation>Classes à écarter</translation>
    </message>
    <message>
        <source>Values of the class field, or of the raster, separated by commas.</source>
        <translation>Valeurs du champ de classe, ou du raster, séparées par des virgules.</translation>
    </message>
    <message>
        <source>Kind of head</source>
        <translation>Type de tête</translation>
    </message>
    <message>
        <source>linear: logistic regression; knn: votes of the 20 nearest labels; conv: a small convolution; upernet: a decoder, for many labels.</source>
        <translation>linear : régression logistique ; knn : vote des 20 échantillons les plus proches ; conv : une petite convolution ; upernet : un décodeur, pour de nombreux échantillons.</translation>
    </message>
    <message>
        <source>Parts of the cross-validation</source>
        <translation>Parties de la validation croisée</translation>
    </message>
    <message>
        <source>The accuracy is measured on labels that were held out, whole polygons or blocks; 0 for none.</source>
        <translation>L'exactitude est mesurée sur des échantillons mis de côté, par polygones ou blocs entiers ; 0 pour ne pas la mesurer.</translation>
    </message>
    <message>
        <source>Let every class count alike</source>
        <translation>Donner le même poids à chaque classe</translation>
    </message>
    <message>
        <source>Otherwise classes with more labels win more often.</source>
        <translation>Sinon, les classes les mieux représentées l'emportent plus souvent.</translation>
    </message>
    <message>
        <source>Blocks of the cross-validation (px)</source>
        <translation>Blocs de la validation croisée (px)</translation>
    </message>
    <message>
        <source>For a raster of labels and for points: those within a block are held out together; one chip, else.</source>
        <translation>Pour des zones d'entraînement en raster ou en points : celles d'un même bloc sont mises de côté ensemble ; sans valeur, une imagette.</translation>
    </message>
    <message>
        <source>Epochs</source>
        <translation>Époques</translation>
    </message>
    <message>
        <source>Passes over the labels, of conv and upernet and of projections; without a number, by kind.</source>
        <translation>Passes sur les zones d'entraînement, pour conv, upernet et les projections ; sans valeur, selon le type.</translation>
    </message>
    <message>
        <source>Learn projections of unseen bands</source>
        <translation>Apprendre les projections des bandes inédites</translation>
    </message>
    <message>
        <source>First learns, from the labels, how the model should read bands that it has no layer for.</source>
        <translation>Apprend d'abord, d'après les zones d'entraînement, comment le modèle doit lire les bandes pour lesquelles il n'a pas de couche.</translation>
    </message>
    <message>
        <source>Heads (*.safetensors)</source>
        <translation>Têtes (*.safetensors)</translation>
    </message>
    <message>
        <source>What “Segment with a head” takes; a .json that describes it lies beside it.</source>
        <translation>Ce que prend « Segmenter avec une tête » ; un .json qui la décrit est placé à côté.</translation>
    </message>
    <message>
        <source>The accuracy as a page with pictures.</source>
        <translation>L'exactitude sous forme de page illustrée.</translation>
    </message>
    <message>
        <source>Accuracy by class</source>
        <translation>Exactitude par classe</translation>
    </message>
    <message>
        <source>A table with one row per class, and one for all.</source>
        <translation>Une table avec une ligne par classe, et une pour l'ensemble.</translation>
    </message>
    <message>
        <source>Overall accuracy</source>
        <translation>Exactitude globale</translation>
    </message>
    <message>
        <source>Mean F1</source>
        <translation>F1 moyen</translation>
    </message>
    <message>
        <source>Mean IoU</source>
        <translation>IoU moyen</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>Avertissements</translation>
    </message>
    <message>
        <source>The engine's Python {path} cannot be started: {reason}.</source>
        <translation>Impossible de démarrer le Python du moteur {path} : {reason}.</translation>
    </message>
    <message>
        <source>Set up the engine again, or choose another interpreter.</source>
        <translation>Réinstallez le moteur, ou choisissez un autre interpréteur.</translation>
    </message>
    <message>
        <source>not started</source>
        <translation>non démarré</translation>
    </message>
    <message>
        <source>Cancelled before it began.</source>
        <translation>Annulé avant le début.</translation>
    </message>
    <message>
        <source>Waiting for the run before this one</source>
        <translation>Attente de la fin de l'exécution précédente</translation>
    </message>
    <message>
        <source>The engine was shut down.</source>
        <translation>Le moteur a été arrêté.</translation>
    </message>
    <message>
        <source>Starting the engine</source>
        <translation>Démarrage du moteur</translation>
    </message>
    <message>
        <source>The engine's environment is broken: the Python it was made from is gone.</source>
        <translation>L'environnement du moteur est endommagé : le Python dont il est issu a disparu.</translation>
    </message>
    <message>
        <source>Set up the engine again; what was downloaded is used again.</source>
        <translation>Réinstallez le moteur ; ce qui a été téléchargé est réutilisé.</translation>
    </message>
    <message>
        <source>The engine's environment was made for another version of the plugin.</source>
        <translation>L'environnement du moteur a été créé pour une autre version de l'extension.</translation>
    </message>
    <message>
        <source>Update it with “Set up the engine”.</source>
        <translation>Mettez-le à jour avec « Installer le moteur ».</translation>
    </message>
    <message>
        <source>The engine is not set up yet.</source>
        <translation>Le moteur n'est pas encore installé.</translation>
    </message>
    <message>
        <source>Set it up once with “Set up the engine”; it takes minutes.</source>
        <translation>Installez-le une fois pour toutes avec « Installer le moteur » ; cela prend quelques minutes.</translation>
    </message>
    <message>
        <source>The engine runs with {path}.</source>
        <translation>Le moteur utilise {path}.</translation>
    </message>
    <message>
        <source>The engine is set up: Python {python}, PyTorch {torch}.</source>
        <translation>Le moteur est installé : Python {python}, PyTorch {torch}.</translation>
    </message>
    <message>
        <source>{path} is Python {version}; the engine needs 3.11 or newer.</source>
        <translation>{path} est Python {version} ; le moteur exige 3.11 ou plus récent.</translation>
    </message>
    <message>
        <source>Choose another Python.</source>
        <translation>Choisissez un autre Python.</translation>
    </message>
    <message>
        <source>Install them with: pip install -r requirements.txt -c constraints.txt.</source>
        <translation>Installez-les avec : pip install -r requirements.txt -c constraints.txt.</translation>
    </message>
    <message>
        <source>{folder} cannot be deleted.</source>
        <translation>Impossible de supprimer {folder}.</translation>
    </message>
    <message>
        <source>Close other windows of QGIS and try again.</source>
        <translation>Fermez les autres fenêtres de QGIS et réessayez.</translation>
    </message>
    <message>
        <source>The interpreter chosen for the engine, {path}, does not exist.</source>
        <translation>L'interpréteur choisi pour le moteur, {path}, n'existe pas.</translation>
    </message>
    <message>
        <source>Choose another one with “Set up the engine”.</source>
        <translation>Choisissez-en un autre avec « Installer le moteur ».</translation>
    </message>
    <message>
        <source>The interpreter chosen for the engine, {path}, is not a program.</source>
        <translation>L'interpréteur choisi pour le moteur, {path}, n'est pas un programme.</translation>
    </message>
    <message>
        <source>The set-up failed: {reason}.</source>
        <translation>L'installation a échoué : {reason}.</translation>
    </message>
    <message>
        <source>The log tells more.</source>
        <translation>Le journal en dit plus.</translation>
    </message>
    <message>
        <source>Looking for an NVIDIA GPU</source>
        <translation>Recherche d'un GPU NVIDIA</translation>
    </message>
    <message>
        <source>{reason} The engine was set up for the CPU instead.</source>
        <translation>{reason} Le moteur a été installé pour le CPU à la place.</translation>
    </message>
    <message>
        <source>No NVIDIA GPU with a working driver was found.</source>
        <translation>Aucun GPU NVIDIA doté d'un pilote fonctionnel n'a été trouvé.</translation>
    </message>
    <message>
        <source>The engine is ready</source>
        <translation>Le moteur est prêt</translation>
    </message>
    <message>
        <source>Fetching PyTorch, the largest part</source>
        <translation>Téléchargement de PyTorch, la plus grosse partie</translation>
    </message>
    <message>
        <source>Fetching the other libraries</source>
        <translation>Téléchargement des autres bibliothèques</translation>
    </message>
    <message>
        <source>The engine needs {needed:.1f} GB of disk space, and {free:.1f} GB are free in {folder}.</source>
        <translation>Le moteur exige {needed:.1f} Go d'espace disque, et {free:.1f} Go sont libres dans {folder}.</translation>
    </message>
    <message>
        <source>Free some space, or set the variable SMARTIES_HOME to a folder on another disk, and restart QGIS.</source>
        <translation>Libérez de l'espace, ou donnez à la variable SMARTIES_HOME un dossier sur un autre disque, puis redémarrez QGIS.</translation>
    </message>
    <message>
        <source>Looking for a Python to start from</source>
        <translation>Recherche d'un Python de départ</translation>
    </message>
    <message>
        <source>Making an environment from Python {version}</source>
        <translation>Création d'un environnement à partir de Python {version}</translation>
    </message>
    <message>
        <source>Checking the libraries</source>
        <translation>Vérification des bibliothèques</translation>
    </message>
    <message>
        <source>The GPU does not work with PyTorch: {reason}.</source>
        <translation>Le GPU ne fonctionne pas avec PyTorch : {reason}.</translation>
    </message>
    <message>
        <source>{path} is not a Python that starts.</source>
        <translation>{path} n'est pas un Python qui démarre.</translation>
    </message>
    <message>
        <source>Choose another Python, or set up the engine again.</source>
        <translation>Choisissez un autre Python, ou réinstallez le moteur.</translation>
    </message>
    <message>
        <source>Install Microsoft's “Visual C++ Redistributable 2015–2022 (x64)”, then set up the engine again.</source>
        <translation>Installez « Visual C++ Redistributable 2015–2022 (x64) » de Microsoft, puis réinstallez le moteur.</translation>
    </message>
    <message>
        <source>Install the system package libexpat1 (Debian, Ubuntu) or expat (Fedora), then set up again.</source>
        <translation>Installez le paquet système libexpat1 (Debian, Ubuntu) ou expat (Fedora), puis réinstallez le moteur.</translation>
    </message>
    <message>
        <source>Install the system library that is named, then set up the engine again.</source>
        <translation>Installez la bibliothèque système citée, puis réinstallez le moteur.</translation>
    </message>
    <message>
        <source>Set up the engine again, or install the library into the interpreter that you chose.</source>
        <translation>Réinstallez le moteur, ou installez la bibliothèque dans l'interpréteur que vous avez choisi.</translation>
    </message>
    <message>
        <source>The library {name} cannot be loaded: {reason}.</source>
        <translation>Impossible de charger la bibliothèque {name} : {reason}.</translation>
    </message>
    <message>
        <source>The disk is full.</source>
        <translation>Le disque est plein.</translation>
    </message>
    <message>
        <source>Free some space and set up the engine again.</source>
        <translation>Libérez de l'espace et réinstallez le moteur.</translation>
    </message>
    <message>
        <source>{path} cannot be written: {reason}.</source>
        <translation>Impossible d'écrire {path} : {reason}.</translation>
    </message>
    <message>
        <source>Set the variable SMARTIES_HOME to a folder of yours, and restart QGIS.</source>
        <translation>Donnez à la variable SMARTIES_HOME un dossier qui vous appartient, puis redémarrez QGIS.</translation>
    </message>
    <message>
        <source>Install Python 3.12 (64-bit) from python.org, which needs no administrator rights, and try again.</source>
        <translation>Installez Python 3.12 (64 bits) depuis python.org, sans droits d'administrateur, puis réessayez.</translation>
    </message>
    <message>
        <source>Install Python 3.12 from python.org or with “brew install python@3.12”, and try again.</source>
        <translation>Installez Python 3.12 depuis python.org ou avec « brew install python@3.12 », puis réessayez.</translation>
    </message>
    <message>
        <source>Install the system packages python3.12 and python3.12-venv (or python3.11), and try again.</source>
        <translation>Installez les paquets système python3.12 et python3.12-venv (ou python3.11), puis réessayez.</translation>
    </message>
    <message>
        <source>The engine needs Python 3.11 to 3.14, and none was found on this machine.</source>
        <translation>Le moteur exige Python 3.11 à 3.14, et aucun n'a été trouvé sur cette machine.</translation>
    </message>
    <message>
        <source>The engine needs Python 3.11 to 3.14 (64-bit); this machine has {found}.</source>
        <translation>Le moteur exige Python 3.11 à 3.14 (64 bits) ; cette machine a {found}.</translation>
    </message>
    <message>
        <source>Python {version} cannot make environments here: its modules venv or ensurepip are missing.</source>
        <translation>Python {version} ne peut pas créer d'environnements ici : ses modules venv ou ensurepip manquent.</translation>
    </message>
    <message>
        <source>Install Python 3.12 from python.org and try again.</source>
        <translation>Installez Python 3.12 depuis python.org, puis réessayez.</translation>
    </message>
    <message>
        <source>Install the system package python{version}-venv (Debian, Ubuntu) and try again.</source>
        <translation>Installez le paquet système python{version}-venv (Debian, Ubuntu), puis réessayez.</translation>
    </message>
    <message>
        <source>Run it again; the log {log} says more.</source>
        <translation>Relancez ; le journal {log} en dit plus.</translation>
    </message>
    <message>
        <source>If the memory was full, take a smaller extent or batch; the log {log} says more.</source>
        <translation>Si la mémoire était pleine, choisissez une emprise ou un lot plus petit ; le journal {log} en dit plus.</translation>
    </message>
    <message>
        <source>The engine ended unexpectedly ({how}).</source>
        <translation>Le moteur s'est arrêté de façon inattendue ({how}).</translation>
    </message>
    <message>
        <source>The engine could not start ({how}).</source>
        <translation>Le moteur n'a pas pu démarrer ({how}).</translation>
    </message>
    <message>
        <source>Set up the engine again; the log {log} says more.</source>
        <translation>Réinstallez le moteur ; le journal {log} en dit plus.</translation>
    </message>
    <message>
        <source>signal {number}</source>
        <translation>signal {number}</translation>
    </message>
    <message>
        <source>signal {number}, {name}</source>
        <translation>signal {number}, {name}</translation>
    </message>
    <message>
        <source>exit code {code}</source>
        <translation>code de sortie {code}</translation>
    </message>
    <message>
        <source>PyTorch's own index cannot be reached: the ordinary one is used, whose build is larger.</source>
        <translation>L'index de PyTorch est injoignable : l'index ordinaire est utilisé, dont la version est plus volumineuse.</translation>
    </message>
    <message>
        <source>The plugin's requirements name no {package}.</source>
        <translation>Les dépendances de l'extension ne citent pas {package}.</translation>
    </message>
    <message>
        <source>Install the plugin again.</source>
        <translation>Réinstallez l'extension.</translation>
    </message>
    <message>
        <source>The folder of wheels {folder} does not exist.</source>
        <translation>Le dossier de wheels {folder} n'existe pas.</translation>
    </message>
    <message>
        <source>The folder {folder} holds no wheels (files that end in .whl).</source>
        <translation>Le dossier {folder} ne contient pas de wheels (fichiers en .whl).</translation>
    </message>
    <message>
        <source>Fill it on a machine of the same kind with: pip download -r requirements.txt -c constraints.txt.</source>
        <translation>Remplissez-le sur une machine du même type avec : pip download -r requirements.txt -c constraints.txt.</translation>
    </message>
    <message>
        <source>Then set up the engine again: it goes on from where it stopped.</source>
        <translation>Puis réinstallez le moteur : l'installation reprend là où elle s'est arrêtée.</translation>
    </message>
    <message>
        <source>Free some space, also in the folder for temporary files.</source>
        <translation>Libérez de l'espace, y compris dans le dossier des fichiers temporaires.</translation>
    </message>
    <message>
        <source>QGIS uses a SOCKS proxy, which Python's package installer does not speak.</source>
        <translation>QGIS utilise un proxy SOCKS, que l'installateur de paquets de Python ne prend pas en charge.</translation>
    </message>
    <message>
        <source>Enter an HTTP proxy in the network settings of QGIS, or install from an offline folder.</source>
        <translation>Saisissez un proxy HTTP dans les paramètres réseau de QGIS, ou installez depuis un dossier hors ligne.</translation>
    </message>
    <message>
        <source>The proxy refused the connection to the package index.</source>
        <translation>Le proxy a refusé la connexion à l'index de paquets.</translation>
    </message>
    <message>
        <source>Check the proxy, its user and its password in the network settings of QGIS.</source>
        <translation>Vérifiez le proxy, son utilisateur et son mot de passe dans les paramètres réseau de QGIS.</translation>
    </message>
    <message>
        <source>The certificate of the package index is not trusted.</source>
        <translation>Le certificat de l'index de paquets n'est pas reconnu.</translation>
    </message>
    <message>
        <source>If your network inspects traffic, add its certificate in QGIS (Settings, Authentication).</source>
        <translation>Si votre réseau inspecte le trafic, ajoutez son certificat dans QGIS (Préférences, Authentification).</translation>
    </message>
    <message>
        <source>The package index asks for a login that Python's package installer does not have.</source>
        <translation>L'index de paquets demande une identification que l'installateur de paquets de Python n'a pas.</translation>
    </message>
    <message>
        <source>Check the index in your pip settings.</source>
        <translation>Vérifiez l'index dans vos paramètres pip.</translation>
    </message>
    <message>
        <source>The package index cannot be reached.</source>
        <translation>L'index de paquets est injoignable.</translation>
    </message>
    <message>
        <source>Check the connection and the proxy in the network settings of QGIS.</source>
        <translation>Vérifiez la connexion et le proxy dans les paramètres réseau de QGIS.</translation>
    </message>
    <message>
        <source>A package arrived damaged.</source>
        <translation>Un paquet est arrivé endommagé.</translation>
    </message>
    <message>
        <source>A file of the engine's environment cannot be written.</source>
        <translation>Impossible d'écrire un fichier de l'environnement du moteur.</translation>
    </message>
    <message>
        <source>Close other QGIS windows; if an antivirus is at work, allow the folder of the engine.</source>
        <translation>Fermez les autres fenêtres de QGIS ; si un antivirus est actif, autorisez le dossier du moteur.</translation>
    </message>
    <message>
        <source>A path is longer than Windows allows.</source>
        <translation>Un chemin est plus long que Windows ne l'autorise.</translation>
    </message>
    <message>
        <source>Set the variable SMARTIES_HOME to a short folder such as C:\smarties, and restart QGIS.</source>
        <translation>Donnez à la variable SMARTIES_HOME un dossier court tel que C:\smarties, puis redémarrez QGIS.</translation>
    </message>
    <message>
        <source>Python's package installer failed: {line}.</source>
        <translation>L'installateur de paquets de Python a échoué : {line}.</translation>
    </message>
    <message>
        <source>a package</source>
        <translation>un paquet</translation>
    </message>
    <message>
        <source>The folder of wheels has no {package} for this Python and this system.</source>
        <translation>Le dossier de wheels ne contient pas {package} pour ce Python et ce système.</translation>
    </message>
    <message>
        <source>The package index has no {package} for this Python and this system.</source>
        <translation>L'index de paquets ne contient pas {package} pour ce Python et ce système.</translation>
    </message>
    <message>
        <source>Choose another Python (3.11 to 3.14, 64-bit), or check the index in your pip settings.</source>
        <translation>Choisissez un autre Python (3.11 à 3.14, 64 bits), ou vérifiez l'index dans vos paramètres pip.</translation>
    </message>
    <message>
        <source>it gave no reason</source>
        <translation>sans raison indiquée</translation>
    </message>
    <message>
        <source>Downloading {name}: {done:.0f} of {total:.0f} MB</source>
        <translation>Téléchargement de {name} : {done:.0f} sur {total:.0f} Mo</translation>
    </message>
    <message>
        <source>Downloading {name} {size}</source>
        <translation>Téléchargement de {name} {size}</translation>
    </message>
    <message>
        <source>Fetching {name}</source>
        <translation>Récupération de {name}</translation>
    </message>
    <message>
        <source>Unpacking packages: {count}. This takes a minute.</source>
        <translation>Décompression des paquets : {count}. Cela prend une minute.</translation>
    </message>
    <message>
        <source>Cancelled while the engine was starting.</source>
        <translation>Annulé pendant le démarrage du moteur.</translation>
    </message>
    <message>
        <source>The engine did not answer within {seconds} s of its start.</source>
        <translation>Le moteur n'a pas répondu dans les {seconds} s qui ont suivi son démarrage.</translation>
    </message>
    <message>
        <source>Cancelled; nothing was written.</source>
        <translation>Annulé ; rien n'a été écrit.</translation>
    </message>
    <message>
        <source>{program} cannot be started: {reason}.</source>
        <translation>Impossible de démarrer {program} : {reason}.</translation>
    </message>
    <message>
        <source>The set-up was stopped. It goes on from there the next time.</source>
        <translation>L'installation a été arrêtée. Elle reprendra de là la prochaine fois.</translation>
    </message>
    <message>
        <source>Another window of QGIS is setting up the engine.</source>
        <translation>Une autre fenêtre de QGIS installe le moteur.</translation>
    </message>
    <message>
        <source>Wait until it has finished.</source>
        <translation>Attendez qu'elle ait terminé.</translation>
    </message>
    <message>
        <source>PyTorch has no CUDA build for macOS.</source>
        <translation>PyTorch n'a pas de version CUDA pour macOS.</translation>
    </message>
    <message>
        <source>PyTorch no longer supports the {name} (compute capability {capability}).</source>
        <translation>PyTorch ne prend plus en charge {name} (capacité de calcul {capability}).</translation>
    </message>
    <message>
        <source>The driver {driver} of the {name} is too old: version {needed} or newer is needed.</source>
        <translation>Le pilote {driver} de {name} est trop ancien : il faut la version {needed} ou plus récente.</translation>
    </message>
    <message>
        <source>The band table kept on {layer} is ignored: {reason}</source>
        <translation>La table de bandes conservée sur {layer} est ignorée : {reason}</translation>
    </message>
    <message>
        <source>{name} is a folder.</source>
        <translation>{name} est un dossier.</translation>
    </message>
    <message>
        <source>Add the raster files in it.</source>
        <translation>Ajoutez les fichiers raster qu'il contient.</translation>
    </message>
    <message>
        <source>{name} cannot be opened as a raster.</source>
        <translation>Impossible d'ouvrir {name} comme raster.</translation>
    </message>
    <message>
        <source>Check that the file is whole and in a format GDAL reads.</source>
        <translation>Vérifiez que le fichier est complet et dans un format que GDAL sait lire.</translation>
    </message>
    <message>
        <source>{name} has {count} bands.</source>
        <translation>{name} a {count} bandes.</translation>
    </message>
    <message>
        <source>Up to {limit} are read: extract some.</source>
        <translation>Il n'en est lu que {limit} au plus : extrayez-en une partie.</translation>
    </message>
    <message>
        <source>{name} holds complex numbers (amplitude and phase).</source>
        <translation>{name} contient des nombres complexes (amplitude et phase).</translation>
    </message>
    <message>
        <source>Turn them into backscatter first: the squared amplitude, calibrated, in dB.</source>
        <translation>Convertissez-les d'abord en rétrodiffusion : le carré de l'amplitude, calibré, en dB.</translation>
    </message>
    <message>
        <source>{name} holds {count} time steps or levels.</source>
        <translation>{name} contient {count} dates ou niveaux.</translation>
    </message>
    <message>
        <source>Export the one you mean as a GeoTIFF first: right-click the layer, Export, Save as.</source>
        <translation>Exportez d'abord celui qui vous intéresse en GeoTIFF : clic droit sur la couche, Exporter, Enregistrer sous.</translation>
    </message>
    <message>
        <source>{layer} is not a raster layer.</source>
        <translation>{layer} n'est pas une couche raster.</translation>
    </message>
    <message>
        <source>Choose an image of a satellite or a drone.</source>
        <translation>Choisissez une image de satellite ou de drone.</translation>
    </message>
    <message>
        <source>{layer} is not a file on this computer, but comes from a service or a database ({provider}).</source>
        <translation>{layer} n'est pas un fichier de cet ordinateur, mais provient d'un service ou d'une base de données ({provider}).</translation>
    </message>
    <message>
        <source>Export it as a GeoTIFF first: right-click the layer, Export, Save as, with raw data.</source>
        <translation>Exportez-la d'abord en GeoTIFF : clic droit sur la couche, Exporter, Enregistrer sous, avec les données brutes.</translation>
    </message>
    <message>
        <source>{layer} lies in an archive.</source>
        <translation>{layer} se trouve dans une archive.</translation>
    </message>
    <message>
        <source>Unpack it and add the file that is inside.</source>
        <translation>Décompressez-la et ajoutez le fichier qu'elle contient.</translation>
    </message>
    <message>
        <source>{layer} is described in the project and is no file.</source>
        <translation>{layer} est décrite dans le projet et n'est pas un fichier.</translation>
    </message>
    <message>
        <source>Export it as a GeoTIFF or save it as a VRT file first.</source>
        <translation>Exportez-la d'abord en GeoTIFF ou enregistrez-la en fichier VRT.</translation>
    </message>
    <message>
        <source>{layer} is opened with the option {option}, which the engine does not receive.</source>
        <translation>{layer} est ouverte avec l'option {option}, que le moteur ne reçoit pas.</translation>
    </message>
    <message>
        <source>Add the file again without options, or export the layer as a GeoTIFF.</source>
        <translation>Ajoutez de nouveau le fichier sans options, ou exportez la couche en GeoTIFF.</translation>
    </message>
    <message>
        <source>The file of {layer} is gone: {path}.</source>
        <translation>Le fichier de {layer} a disparu : {path}.</translation>
    </message>
    <message>
        <source>Put it back, or repair the layer's data source.</source>
        <translation>Remettez-le en place, ou réparez la source de données de la couche.</translation>
    </message>
    <message>
        <source>{layer} is one of several rasters inside a file, which cannot be read directly.</source>
        <translation>{layer} est l'un de plusieurs rasters d'un même fichier, qui ne peut pas être lu directement.</translation>
    </message>
    <message>
        <source>Export it as a GeoTIFF first, or add the product's band files.</source>
        <translation>Exportez-le d'abord en GeoTIFF, ou ajoutez les fichiers de bandes du produit.</translation>
    </message>
    <message>
        <source>{layer} lies on the network, not on this computer.</source>
        <translation>{layer} se trouve sur le réseau, pas sur cet ordinateur.</translation>
    </message>
    <message>
        <source>Download the file, or export the part you need as a GeoTIFF.</source>
        <translation>Téléchargez le fichier, ou exportez la partie utile en GeoTIFF.</translation>
    </message>
    <message>
        <source>Accuracy of each class</source>
        <translation>Exactitude de chaque classe</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>F1 %</source>
        <translation>F1 %</translation>
    </message>
    <message>
        <source>IoU %</source>
        <translation>IoU %</translation>
    </message>
    <message>
        <source>n</source>
        <translation>n</translation>
    </message>
    <message>
        <source>How right the class is, missed and wrongly found places counted alike: 100 % is perfect</source>
        <translation>À quel point la classe est juste, omissions et fausses détections comptant autant : 100 % est parfait</translation>
    </message>
    <message>
        <source>The part that map and labels share of what either calls so: 100 % is perfect</source>
        <translation>La part commune à la carte et aux zones d'entraînement dans ce que l'une ou les autres nomment ainsi : 100 % est parfait</translation>
    </message>
    <message>
        <source>Polygons, or blocks of a raster, that are labelled so</source>
        <translation>Polygones, ou blocs d'un raster, qui portent cette classe</translation>
    </message>
    <message>
        <source>The accuracy was not measured.</source>
        <translation>L'exactitude n'a pas été mesurée.</translation>
    </message>
    <message>
        <source>{share} right in places held back</source>
        <translation>{share} de justes dans les lieux mis de côté</translation>
    </message>
    <message>
        <source>mean F1 {share}</source>
        <translation>F1 moyen {share}</translation>
    </message>
    <message>
        <source>mean IoU {share}</source>
        <translation>IoU moyen {share}</translation>
    </message>
    <message>
        <source>polygons</source>
        <translation>polygones</translation>
    </message>
    <message>
        <source>blocks of the labels</source>
        <translation>blocs des zones d'entraînement</translation>
    </message>
    <message>
        <source>cross-validated in {folds} parts by {groups}</source>
        <translation>validation croisée en {folds} parties par {groups}</translation>
    </message>
    <message>
        <source>Not measured: there are too few labels of this class</source>
        <translation>Non mesurée : trop peu de zones d'entraînement de cette classe</translation>
    </message>
    <message>
        <source>Precision {share}</source>
        <translation>Précision {share}</translation>
    </message>
    <message>
        <source>Recall {share}</source>
        <translation>Rappel {share}</translation>
    </message>
    <message>
        <source>Processing does not know {name}. Enable SMARTIES again.</source>
        <translation>La boîte à outils de traitements ne connaît pas {name}. Réactivez SMARTIES.</translation>
    </message>
    <message>
        <source>The run failed without a reason. Its log may tell more.</source>
        <translation>L'exécution a échoué sans raison indiquée. Son journal en dit peut-être plus.</translation>
    </message>
    <message>
        <source>{path} was written but cannot be opened as a layer.</source>
        <translation>{path} a été écrit mais ne peut pas être ouvert comme couche.</translation>
    </message>
    <message>
        <source>A VRT names other files; so do overviews, masks, and the pictures of embeddings. A file from somewhere must not make a run read what you never named: it is followed within its own folder, and here.</source>
        <translation>Un VRT nomme d'autres fichiers ; les pyramides, les masques et les aperçus d'embeddings aussi. Un fichier venu d'ailleurs ne doit pas faire lire à une exécution ce que vous n'avez jamais nommé : il n'est suivi que dans son propre dossier, et ici.</translation>
    </message>
    <message>
        <source>A VRT that leads out of its own folder is refused, unless it leads into one of these. What you change here holds from the next run on.</source>
        <translation>Un VRT qui mène hors de son propre dossier est refusé, sauf s'il mène dans l'un de ceux-ci. Ce que vous changez ici vaut dès la prochaine exécution.</translation>
    </message>
    <message>
        <source>Allowed folders</source>
        <translation>Dossiers autorisés</translation>
    </message>
    <message>
        <source>Add…</source>
        <translation>Ajouter…</translation>
    </message>
    <message>
        <source>Choose a folder; the folders below it are allowed with it</source>
        <translation>Choisir un dossier ; les dossiers qu'il contient sont autorisés avec lui</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Retirer</translation>
    </message>
    <message>
        <source>Allow the chosen folders no longer (Delete)</source>
        <translation>Ne plus autoriser les dossiers choisis (Suppr)</translation>
    </message>
    <message>
        <source>{folder} cannot be allowed: in a list of folders “{sign}” stands between two. Rename it.</source>
        <translation>{folder} ne peut pas être autorisé : dans une liste de dossiers, « {sign} » en sépare deux. Renommez-le.</translation>
    </message>
    <message>
        <source>Named by the environment variable {name}</source>
        <translation>Nommé par la variable d'environnement {name}</translation>
    </message>
    <message>
        <source>Choose a folder that files may lead to</source>
        <translation>Choisir un dossier où des fichiers peuvent mener</translation>
    </message>
    <message>
        <source>you</source>
        <translation>vous</translation>
    </message>
    <message>
        <source>you: middle of the range</source>
        <translation>vous : milieu de la plage</translation>
    </message>
    <message>
        <source>you: by name</source>
        <translation>vous : par le nom</translation>
    </message>
    <message>
        <source>by the wavelength</source>
        <translation>par la longueur d'onde</translation>
    </message>
    <message>
        <source>On</source>
        <translation>Act.</translation>
    </message>
    <message>
        <source>Nothing tells what this band measures.</source>
        <translation>Rien n'indique ce que mesure cette bande.</translation>
    </message>
    <message>
        <source>Pol.</source>
        <translation>Pol.</translation>
    </message>
    <message>
        <source>Bands that go into the model</source>
        <translation>Bandes qui entrent dans le modèle</translation>
    </message>
    <message>
        <source>Number of the band in the file</source>
        <translation>Numéro de la bande dans le fichier</translation>
    </message>
    <message>
        <source>Name of the band; a band name of the sensor sets its wavelengths</source>
        <translation>Nom de la bande ; un nom de bande du capteur en fixe les longueurs d'onde</translation>
    </message>
    <message>
        <source>Centre wavelength, or frequency of a radar band</source>
        <translation>Longueur d'onde centrale, ou fréquence d'une bande radar</translation>
    </message>
    <message>
        <source>How well the model knows this part of the spectrum</source>
        <translation>À quel point le modèle connaît cette partie du spectre</translation>
    </message>
    <message>
        <source>Lower and upper limit of the band</source>
        <translation>Limites inférieure et supérieure de la bande</translation>
    </message>
    <message>
        <source>Polarisation of a radar band</source>
        <translation>Polarisation d'une bande radar</translation>
    </message>
    <message>
        <source>Learnt layers that read this band</source>
        <translation>Couches apprises qui lisent cette bande</translation>
    </message>
    <message>
        <source>Where the wavelength was read</source>
        <translation>Origine de la longueur d'onde</translation>
    </message>
    <message>
        <source>none</source>
        <translation>aucune</translation>
    </message>
    <message>
        <source>Automatic, by wavelength</source>
        <translation>Automatique, selon la longueur d'onde</translation>
    </message>
    <message>
        <source>Another band is called {name} already.</source>
        <translation>Une autre bande s'appelle déjà {name}.</translation>
    </message>
    <message>
        <source>{value} is no polarisation: use {known}.</source>
        <translation>{value} n'est pas une polarisation : utilisez {known}.</translation>
    </message>
    <message>
        <source>{name} is no radar band: it has no polarisation.</source>
        <translation>{name} n'est pas une bande radar : elle n'a pas de polarisation.</translation>
    </message>
    <message>
        <source>There is no layer {key}.</source>
        <translation>Il n'y a pas de couche {key}.</translation>
    </message>
    <message>
        <source>The band table has {given} bands and the layer {known}, and the names differ: {names}.</source>
        <translation>La table de bandes a {given} bandes et la couche {known}, et les noms diffèrent : {names}.</translation>
    </message>
    <message>
        <source>{given} bands were pasted and the layer has {known}, and the names differ: {names}.</source>
        <translation>{given} bandes ont été collées et la couche en a {known}, et les noms diffèrent : {names}.</translation>
    </message>
    <message>
        <source>{given} rows were pasted, and only {left} bands are there from the chosen one on.</source>
        <translation>{given} lignes ont été collées, et il n'y a que {left} bandes à partir de celle choisie.</translation>
    </message>
    <message>
        <source>Row {line}: there is no band {number}, the layer has {count}.</source>
        <translation>Ligne {line} : il n'y a pas de bande {number}, la couche en a {count}.</translation>
    </message>
    <message>
        <source>Row {line}: band {number} comes twice.</source>
        <translation>Ligne {line} : la bande {number} apparaît deux fois.</translation>
    </message>
    <message>
        <source>The width {value} is impossible.</source>
        <translation>La largeur {value} est impossible.</translation>
    </message>
    <message>
        <source>Row {line}: {problem}</source>
        <translation>Ligne {line} : {problem}</translation>
    </message>
    <message>
        <source>There are no bands on the clipboard: copy rows of a spreadsheet first.</source>
        <translation>Le presse-papiers ne contient pas de bandes : copiez d'abord des lignes d'un tableur.</translation>
    </message>
    <message>
        <source>No column of the pasted text tells of bands: give names, centre wavelengths or ranges.</source>
        <translation>Aucune colonne du texte collé ne décrit des bandes : indiquez des noms, des longueurs d'onde centrales ou des plages.</translation>
    </message>
    <message>
        <source>the band</source>
        <translation>la bande</translation>
    </message>
    <message>
        <source>{name} has only one limit.</source>
        <translation>{name} n'a qu'une limite.</translation>
    </message>
    <message>
        <source>{text} is no number of a band.</source>
        <translation>{text} n'est pas un numéro de bande.</translation>
    </message>
    <message>
        <source>{text} is neither on nor off: write 1 or 0.</source>
        <translation>{text} n'est ni oui ni non : saisissez 1 ou 0.</translation>
    </message>
    <message>
        <source>Switch bands on</source>
        <translation>Activer des bandes</translation>
    </message>
    <message>
        <source>Switch bands off</source>
        <translation>Désactiver des bandes</translation>
    </message>
    <message>
        <source>Reset to detected</source>
        <translation>Rétablir les valeurs détectées</translation>
    </message>
    <message>
        <source>Load a band table</source>
        <translation>Charger une table de bandes</translation>
    </message>
    <message>
        <source>Paste bands</source>
        <translation>Coller des bandes</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Inactive</translation>
    </message>
    <message>
        <source>Switch {band} on</source>
        <translation>Activer {band}</translation>
    </message>
    <message>
        <source>Switch {band} off</source>
        <translation>Désactiver {band}</translation>
    </message>
    <message>
        <source>Change {column} of {band}</source>
        <translation>Modifier « {column} » de {band}</translation>
    </message>
    <message>
        <source>Two bands would be called {name}.</source>
        <translation>Deux bandes s'appelleraient {name}.</translation>
    </message>
    <message>
        <source>Space switches the chosen bands on and off.</source>
        <translation>La barre d'espace active et désactive les bandes choisies.</translation>
    </message>
    <message>
        <source>Bands of {layer}</source>
        <translation>Bandes de {layer}</translation>
    </message>
    <message>
        <source>The table is on the clipboard.</source>
        <translation>La table est dans le presse-papiers.</translation>
    </message>
    <message>
        <source>Band tables</source>
        <translation>Tables de bandes</translation>
    </message>
    <message>
        <source>Save the band table</source>
        <translation>Enregistrer la table de bandes</translation>
    </message>
    <message>
        <source>{file} cannot be written: {reason}.</source>
        <translation>Impossible d'écrire {file} : {reason}.</translation>
    </message>
    <message>
        <source>Saved to {file}.</source>
        <translation>Enregistré dans {file}.</translation>
    </message>
    <message>
        <source>{file} cannot be read as text.</source>
        <translation>Impossible de lire {file} comme du texte.</translation>
    </message>
    <message>
        <source>Nothing was changed.</source>
        <translation>Rien n'a été modifié.</translation>
    </message>
    <message>
        <source>{count} of {total} bands changed.</source>
        <translation>{count} bandes modifiées sur {total}.</translation>
    </message>
    <message>
        <source>The table says the same already.</source>
        <translation>La table indique déjà la même chose.</translation>
    </message>
    <message>
        <source>Auto unit</source>
        <translation>Unité auto</translation>
    </message>
    <message>
        <source>Units</source>
        <translation>Unités</translation>
    </message>
    <message>
        <source>Unit in which wavelengths are shown, and read where none is written</source>
        <translation>Unité dans laquelle les longueurs d'onde sont affichées, et lues si aucune n'est indiquée</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Refaire</translation>
    </message>
    <message>
        <source>Paste bands from a spreadsheet</source>
        <translation>Coller des bandes depuis un tableur</translation>
    </message>
    <message>
        <source>Copy the table for a spreadsheet</source>
        <translation>Copier la table pour un tableur</translation>
    </message>
    <message>
        <source>Load a band table (JSON or CSV)</source>
        <translation>Charger une table de bandes (JSON ou CSV)</translation>
    </message>
    <message>
        <source>Save the band table (JSON)</source>
        <translation>Enregistrer la table de bandes (JSON)</translation>
    </message>
    <message>
        <source>Switch all bands on</source>
        <translation>Activer toutes les bandes</translation>
    </message>
    <message>
        <source>Switch all bands off</source>
        <translation>Désactiver toutes les bandes</translation>
    </message>
    <message>
        <source>Reset to what was detected</source>
        <translation>Rétablir ce qui a été détecté</translation>
    </message>
    <message>
        <source>{on}/{total} on</source>
        <translation>{on}/{total} actives</translation>
    </message>
    <message>
        <source>{on} of {total} bands go into the model</source>
        <translation>{on} bandes sur {total} entrent dans le modèle</translation>
    </message>
    <message>
        <source>“{text}” is no range: write it as 634–696.</source>
        <translation>« {text} » n'est pas une plage : saisissez-la comme 634–696.</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>Avant</translation>
    </message>
    <message>
        <source>After</source>
        <translation>Après</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>Sortie</translation>
    </message>
    <message>
        <source>Maps how much every place has changed between two dates, or differs between two sensors.</source>
        <translation>Cartographie combien chaque lieu a changé entre deux dates, ou diffère entre deux capteurs.</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Comparer</translation>
    </message>
    <message>
        <source>Embeds both dates first, unless that was done before.</source>
        <translation>Calcule d'abord l'embedding des deux dates, si ce n'est déjà fait.</translation>
    </message>
    <message>
        <source>The map of change is there, after {duration}.</source>
        <translation>La carte des changements est là, calculée en {duration}.</translation>
    </message>
    <message>
        <source>Embedding of the second date</source>
        <translation>Embedding de la seconde date</translation>
    </message>
    <message>
        <source>Add the images of the second date.</source>
        <translation>Ajoutez les images de la seconde date.</translation>
    </message>
    <message>
        <source>The project has no other embedding: make one of the second date in the tab Embed.</source>
        <translation>Le projet n'a pas d'autre embedding : calculez celui de la seconde date dans l'onglet Embedding.</translation>
    </message>
    <message>
        <source>GeoTIFF (*.tif *.tiff)</source>
        <translation>GeoTIFF (*.tif *.tiff)</translation>
    </message>
    <message>
        <source>visible</source>
        <translation>visible</translation>
    </message>
    <message>
        <source>vis</source>
        <translation>vis</translation>
    </message>
    <message>
        <source>near infrared</source>
        <translation>proche infrarouge</translation>
    </message>
    <message>
        <source>NIR</source>
        <translation>PIR</translation>
    </message>
    <message>
        <source>short-wave infrared</source>
        <translation>infrarouge à ondes courtes</translation>
    </message>
    <message>
        <source>SWIR</source>
        <translation>SWIR</translation>
    </message>
    <message>
        <source>thermal</source>
        <translation>thermique</translation>
    </message>
    <message>
        <source>TIR</source>
        <translation>IRT</translation>
    </message>
    <message>
        <source>C band</source>
        <translation>bande C</translation>
    </message>
    <message>
        <source>Features of</source>
        <translation>Caractéristiques de</translation>
    </message>
    <message>
        <source>Divides the map into groups of places that look alike, without any labels.</source>
        <translation>Répartit la carte en groupes de lieux qui se ressemblent, sans zones d'entraînement.</translation>
    </message>
    <message>
        <source>Find clusters</source>
        <translation>Former les groupes</translation>
    </message>
    <message>
        <source>The map of clusters is there, after {duration}.</source>
        <translation>La carte des groupes est là, calculée en {duration}.</translation>
    </message>
    <message>
        <source>Alike clusters get alike colours; begin with more and merge them by eye</source>
        <translation>Des groupes proches ont des couleurs proches ; commencez avec plus de groupes, puis fusionnez-les à l'œil</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>Nombre</translation>
    </message>
    <message>
        <source>The same seed gives the same clusters; another one a different start</source>
        <translation>La même graine donne les mêmes groupes ; une autre donne un autre départ</translation>
    </message>
    <message>
        <source>Class of the next polygon</source>
        <translation>Classe du prochain polygone</translation>
    </message>
    <message>
        <source>Type a class, or pick one: the next polygons get it</source>
        <translation>Saisissez une classe, ou choisissez-en une : les prochains polygones la recevront</translation>
    </message>
    <message>
        <source>e.g. water</source>
        <translation>p. ex. eau</translation>
    </message>
    <message>
        <source>Draw</source>
        <translation>Dessiner</translation>
    </message>
    <message>
        <source>Left clicks set the corners of a polygon, a right click ends it</source>
        <translation>Les clics gauches posent les sommets d'un polygone, un clic droit le termine</translation>
    </message>
    <message>
        <source>Draw class</source>
        <translation>Classe à dessiner</translation>
    </message>
    <message>
        <source>Name a class and draw a few polygons of it, then the next class.</source>
        <translation>Nommez une classe et dessinez-en quelques polygones, puis passez à la classe suivante.</translation>
    </message>
    <message>
        <source>Forget the band table</source>
        <translation>Oublier la table de bandes</translation>
    </message>
    <message>
        <source>Go back to what the image itself says</source>
        <translation>Revenir à ce qu'indique l'image elle-même</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Avancé</translation>
    </message>
    <message>
        <source>Grid and extent</source>
        <translation>Grille et emprise</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Paramètres</translation>
    </message>
    <message>
        <source>Describes every place of the images by a vector, for maps and searches to build on.</source>
        <translation>Décrit chaque lieu des images par un vecteur, base des cartes et des recherches.</translation>
    </message>
    <message>
        <source>Embed</source>
        <translation>Embedding</translation>
    </message>
    <message>
        <source>Embed the images</source>
        <translation>Calculer l'embedding des images</translation>
    </message>
    <message>
        <source>Add an image first.</source>
        <translation>Ajoutez d'abord une image.</translation>
    </message>
    <message>
        <source>The embedding is on the map, after {duration}.</source>
        <translation>L'embedding est sur la carte, calculé en {duration}.</translation>
    </message>
    <message>
        <source>Bands of {name}</source>
        <translation>Bandes de {name}</translation>
    </message>
    <message>
        <source>The engine could not be asked: {reason}.</source>
        <translation>Impossible d'interroger le moteur : {reason}.</translation>
    </message>
    <message>
        <source>Pick on the map</source>
        <translation>Désigner sur la carte</translation>
    </message>
    <message>
        <source>Click what you look for; with Shift, what you do not. Escape ends it.</source>
        <translation>Cliquez sur ce que vous cherchez ; avec Maj, sur ce que vous ne cherchez pas. Échap pour terminer.</translation>
    </message>
    <message>
        <source>As what I look for</source>
        <translation>Comme ce que je cherche</translation>
    </message>
    <message>
        <source>As what I do not look for</source>
        <translation>Comme ce que je ne cherche pas</translation>
    </message>
    <message>
        <source>Selection</source>
        <translation>Sélection</translation>
    </message>
    <message>
        <source>Take the selected features of the active layer as examples</source>
        <translation>Prendre comme exemples les entités sélectionnées de la couche active</translation>
    </message>
    <message>
        <source>Click: what you look for. Shift+click: what you do not.</source>
        <translation>Clic : ce que vous cherchez. Maj+clic : ce que vous ne cherchez pas.</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>Exemples</translation>
    </message>
    <message>
        <source>Remove the chosen examples (Delete)</source>
        <translation>Retirer les exemples choisis (Suppr)</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Effacer</translation>
    </message>
    <message>
        <source>Remove all examples</source>
        <translation>Retirer tous les exemples</translation>
    </message>
    <message>
        <source>What is looked for</source>
        <translation>Ce qui est recherché</translation>
    </message>
    <message>
        <source>What is not looked for</source>
        <translation>Ce qui n'est pas recherché</translation>
    </message>
    <message>
        <source>Nothing is selected: choose a vector layer in the Layers panel, and select features in it.</source>
        <translation>Rien n'est sélectionné : choisissez une couche vecteur dans le panneau Couches, et sélectionnez-y des entités.</translation>
    </message>
    <message>
        <source>The example {example} cannot be brought into {crs}.</source>
        <translation>Impossible de convertir l'exemple {example} vers {crs}.</translation>
    </message>
    <message>
        <source>the map's coordinate system</source>
        <translation>le SCR de la carte</translation>
    </message>
    <message>
        <source>Remove it, or choose another coordinate system for the project.</source>
        <translation>Retirez-le, ou choisissez un autre SCR pour le projet.</translation>
    </message>
    <message>
        <source>{layer}, feature {number}</source>
        <translation>{layer}, entité {number}</translation>
    </message>
    <message>
        <source>The part of the images that is embedded</source>
        <translation>La partie des images dont l'embedding est calculé</translation>
    </message>
    <message>
        <source>Draw a rectangle on the map</source>
        <translation>Dessiner un rectangle sur la carte</translation>
    </message>
    <message>
        <source>Layer {name}</source>
        <translation>Couche {name}</translation>
    </message>
    <message>
        <source>Full extent of the images</source>
        <translation>Emprise complète des images</translation>
    </message>
    <message>
        <source>What the map shows</source>
        <translation>Emprise de la carte</translation>
    </message>
    <message>
        <source>The drawn rectangle</source>
        <translation>Rectangle dessiné</translation>
    </message>
    <message>
        <source>The images' common grid appears here.</source>
        <translation>La grille commune des images s'affiche ici.</translation>
    </message>
    <message>
        <source>Grid: {grid}</source>
        <translation>Grille : {grid}</translation>
    </message>
    <message>
        <source>A head</source>
        <translation>Une tête</translation>
    </message>
    <message>
        <source>File of the head</source>
        <translation>Fichier de la tête</translation>
    </message>
    <message>
        <source>File of a head</source>
        <translation>Fichier d'une tête</translation>
    </message>
    <message>
        <source>Classes of the head</source>
        <translation>Classes de la tête</translation>
    </message>
    <message>
        <source>A file…</source>
        <translation>Un fichier…</translation>
    </message>
    <message>
        <source>Linear</source>
        <translation>Linéaire</translation>
    </message>
    <message>
        <source>Nearest neighbours</source>
        <translation>Plus proches voisins</translation>
    </message>
    <message>
        <source>Convolution</source>
        <translation>Convolution</translation>
    </message>
    <message>
        <source>UPerNet</source>
        <translation>UPerNet</translation>
    </message>
    <message>
        <source>{share} %</source>
        <translation>{share} %</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>et {count} de plus</translation>
    </message>
    <message>
        <source>Polygons, lines or points with a class, or a raster of classes</source>
        <translation>Polygones, lignes ou points avec une classe, ou un raster de classes</translation>
    </message>
    <message>
        <source>The field that holds the class</source>
        <translation>Le champ qui contient la classe</translation>
    </message>
    <message>
        <source>New label layer</source>
        <translation>Nouvelle couche d'entraînement</translation>
    </message>
    <message>
        <source>Make a layer of polygons and begin to draw in it</source>
        <translation>Créer une couche de polygones et commencer à y dessiner</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Couche</translation>
    </message>
    <message>
        <source>Choose a layer of labels, or draw some: New label layer.</source>
        <translation>Choisissez une couche de zones d'entraînement, ou dessinez-en : Nouvelle couche d'entraînement.</translation>
    </message>
    <message>
        <source>{layer} has no field that could hold a class.</source>
        <translation>{layer} n'a pas de champ qui puisse contenir une classe.</translation>
    </message>
    <message>
        <source>Draw polygons of two classes at least.</source>
        <translation>Dessinez des polygones d'au moins deux classes.</translation>
    </message>
    <message>
        <source>Choose a layer</source>
        <translation>Choisissez une couche</translation>
    </message>
    <message>
        <source>The labels of {layer} are known to this QGIS alone: they are in memory, or not saved yet.</source>
        <translation>Les zones d'entraînement de {layer} ne sont connues que de ce QGIS : elles sont en mémoire, ou pas encore enregistrées.</translation>
    </message>
    <message>
        <source>Save them as a GeoPackage first; here they can be used as they are.</source>
        <translation>Enregistrez-les d'abord en GeoPackage ; ici, elles peuvent servir telles quelles.</translation>
    </message>
    <message>
        <source>Labels {number}</source>
        <translation>Zones d'entraînement {number}</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>Ajouter</translation>
    </message>
    <message>
        <source>Add raster layers of the project</source>
        <translation>Ajouter des couches raster du projet</translation>
    </message>
    <message>
        <source>Remove the chosen image from the list (Delete)</source>
        <translation>Retirer l'image choisie de la liste (Suppr)</translation>
    </message>
    <message>
        <source>Move the chosen image up (Alt+Up)</source>
        <translation>Monter l'image choisie (Alt+Haut)</translation>
    </message>
    <message>
        <source>Move the chosen image down (Alt+Down)</source>
        <translation>Descendre l'image choisie (Alt+Bas)</translation>
    </message>
    <message>
        <source>Only raster layers can be embedded, not {names}.</source>
        <translation>Seules des couches raster conviennent, pas {names}.</translation>
    </message>
    <message>
        <source>Layers selected in the Layers panel</source>
        <translation>Couches sélectionnées dans le panneau Couches</translation>
    </message>
    <message>
        <source>No other raster layer in the project</source>
        <translation>Aucune autre couche raster dans le projet</translation>
    </message>
    <message>
        <source>Drag raster layers here, or press Add. Any sensors, any bands.</source>
        <translation>Glissez ici des couches raster, ou cliquez sur Ajouter. Tous capteurs, toutes bandes.</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Journal</translation>
    </message>
    <message>
        <source>Notes, warnings and errors of a run appear here.</source>
        <translation>Les notes, avertissements et erreurs d'une exécution s'affichent ici.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Copier</translation>
    </message>
    <message>
        <source>Copy the log</source>
        <translation>Copier le journal</translation>
    </message>
    <message>
        <source>Empty the log</source>
        <translation>Vider le journal</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Dossier</translation>
    </message>
    <message>
        <source>Open the folder of the engine's log files</source>
        <translation>Ouvrir le dossier des journaux du moteur</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>Diagnostic</translation>
    </message>
    <message>
        <source>Copy versions, devices and logs, without names or folders of yours</source>
        <translation>Copier versions, périphériques et journaux, sans vos noms ni vos dossiers</translation>
    </message>
    <message>
        <source>Note:</source>
        <translation>Note :</translation>
    </message>
    <message>
        <source>Error:</source>
        <translation>Erreur :</translation>
    </message>
    <message>
        <source>Show log</source>
        <translation>Afficher le journal</translation>
    </message>
    <message>
        <source>A file of weights…</source>
        <translation>Un fichier de poids…</translation>
    </message>
    <message>
        <source>Weights (*.safetensors)</source>
        <translation>Poids (*.safetensors)</translation>
    </message>
    <message>
        <source>A file of weights</source>
        <translation>Un fichier de poids</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Télécharger</translation>
    </message>
    <message>
        <source>Trained on a few hundred megabytes of open images: a demonstration model, not a foundation model.</source>
        <translation>Entraîné sur quelques centaines de mégaoctets d'images libres : un modèle de démonstration, pas un modèle de fondation.</translation>
    </message>
    <message>
        <source>Downloaded.</source>
        <translation>Téléchargé.</translation>
    </message>
    <message>
        <source>Not downloaded yet ({size}).</source>
        <translation>Pas encore téléchargé ({size}).</translation>
    </message>
    <message>
        <source>Not downloaded yet.</source>
        <translation>Pas encore téléchargé.</translation>
    </message>
    <message>
        <source>Set up the engine first.</source>
        <translation>Installez d'abord le moteur.</translation>
    </message>
    <message>
        <source>Planning…</source>
        <translation>Planification…</translation>
    </message>
    <message>
        <source>Copied to the clipboard.</source>
        <translation>Copié dans le presse-papiers.</translation>
    </message>
    <message>
        <source>Gather diagnostics</source>
        <translation>Rassembler le diagnostic</translation>
    </message>
    <message>
        <source>Diagnostics were copied to the clipboard, without names or folders of yours.</source>
        <translation>Le diagnostic a été copié dans le presse-papiers, sans vos noms ni vos dossiers.</translation>
    </message>
    <message>
        <source>Started {algorithm}.</source>
        <translation>{algorithm} démarré.</translation>
    </message>
    <message>
        <source>Finished after {duration}.</source>
        <translation>Terminé en {duration}.</translation>
    </message>
    <message>
        <source>The model was downloaded.</source>
        <translation>Le modèle a été téléchargé.</translation>
    </message>
    <message>
        <source>The layer is no longer in the project.</source>
        <translation>La couche n'est plus dans le projet.</translation>
    </message>
    <message>
        <source>Unknown sensor</source>
        <translation>Capteur inconnu</translation>
    </message>
    <message>
        <source>{sensor} · {on} of {total} bands</source>
        <translation>{sensor} · {on} bandes sur {total}</translation>
    </message>
    <message>
        <source>The sensor that took the image. Type any part of its name to find it.</source>
        <translation>Le capteur qui a pris l'image. Saisissez une partie de son nom pour le trouver.</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatique</translation>
    </message>
    <message>
        <source>Automatic: {sensor}</source>
        <translation>Automatique : {sensor}</translation>
    </message>
    <message>
        <source>Automatic: none found</source>
        <translation>Automatique : aucun trouvé</translation>
    </message>
    <message>
        <source>What the project keeps of the SMARTIES panel is damaged and left out.</source>
        <translation>Ce que le projet conserve du panneau SMARTIES est endommagé et ignoré.</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
    <message>
        <source>{minutes} min {seconds} s</source>
        <translation>{minutes} min {seconds} s</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} min</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} h {minutes} min</translation>
    </message>
    <message>
        <source>about {duration} left</source>
        <translation>encore {duration} environ</translation>
    </message>
    <message>
        <source>{width} × {height} px at {gsd} m → {cols} × {rows} cells × {dims}</source>
        <translation>{width} × {height} px à {gsd} m → {cols} × {rows} cellules × {dims}</translation>
    </message>
    <message>
        <source>{width} × {height} px → {cols} × {rows} cells × {dims}</source>
        <translation>{width} × {height} px → {cols} × {rows} cellules × {dims}</translation>
    </message>
    <message>
        <source>1 tile</source>
        <translation>1 tuile</translation>
    </message>
    <message>
        <source>{count} tiles</source>
        <translation>{count} tuiles</translation>
    </message>
    <message>
        <source>about {duration}</source>
        <translation>environ {duration}</translation>
    </message>
    <message>
        <source>{size} memory</source>
        <translation>{size} de mémoire</translation>
    </message>
    <message>
        <source>{size} on disk at most</source>
        <translation>{size} au plus sur disque</translation>
    </message>
    <message>
        <source>Fill in</source>
        <translation>Compléter</translation>
    </message>
    <message>
        <source>Predicts bands that the images lack, and maps where the model is surprised by what it sees.</source>
        <translation>Prédit des bandes qui manquent aux images, et cartographie où ce que voit le modèle le surprend.</translation>
    </message>
    <message>
        <source>Predict the bands</source>
        <translation>Prédire les bandes</translation>
    </message>
    <message>
        <source>Add an image in the tab Embed first.</source>
        <translation>Ajoutez d'abord une image dans l'onglet Embedding.</translation>
    </message>
    <message>
        <source>Choose a band to predict, or the map of surprises.</source>
        <translation>Choisissez une bande à prédire, ou la carte des surprises.</translation>
    </message>
    <message>
        <source>The chosen model has no decoder, which this needs. Choose another one in the tab Embed.</source>
        <translation>Le modèle choisi n'a pas de décodeur, indispensable ici. Choisissez-en un autre dans l'onglet Embedding.</translation>
    </message>
    <message>
        <source>The prediction is on the map, after {duration}.</source>
        <translation>La prédiction est sur la carte, calculée en {duration}.</translation>
    </message>
    <message>
        <source>None yet.</source>
        <translation>Aucune pour l'instant.</translation>
    </message>
    <message>
        <source>⚠ The chosen model has no decoder: it can describe images, but not fill in bands.</source>
        <translation>⚠ Le modèle choisi n'a pas de décodeur : il peut décrire des images, mais pas compléter des bandes.</translation>
    </message>
    <message>
        <source>No band</source>
        <translation>Aucune bande</translation>
    </message>
    <message>
        <source>Bands of the sensors that the model was trained on</source>
        <translation>Bandes des capteurs sur lesquels le modèle a été entraîné</translation>
    </message>
    <message>
        <source>{band} (in the images)</source>
        <translation>{band} (dans les images)</translation>
    </message>
    <message>
        <source>How wrong the model is about what it was not shown: high where a place is unlike its surroundings</source>
        <translation>L'erreur du modèle sur ce qui ne lui a pas été montré : élevée là où un lieu diffère de ce qui l'entoure</translation>
    </message>
    <message>
        <source>Map of surprises (anomaly)</source>
        <translation>Carte des surprises (anomalies)</translation>
    </message>
    <message>
        <source>radar</source>
        <translation>radar</translation>
    </message>
    <message>
        <source>Reduce</source>
        <translation>Réduire</translation>
    </message>
    <message>
        <source>Sums up an embedding in its few main components; scenes that share a basis share their colours.</source>
        <translation>Résume un embedding en quelques composantes principales ; des scènes qui partagent une base partagent leurs couleurs.</translation>
    </message>
    <message>
        <source>Choose the file of the other scene's basis.</source>
        <translation>Choisissez le fichier de la base de l'autre scène.</translation>
    </message>
    <message>
        <source>The components are on the map, after {duration}.</source>
        <translation>Les composantes sont sur la carte, calculées en {duration}.</translation>
    </message>
    <message>
        <source>Three make a picture; a classifier of your own may want more</source>
        <translation>Trois donnent un aperçu en couleurs ; votre propre classificateur peut en demander plus</translation>
    </message>
    <message>
        <source>Basis</source>
        <translation>Base</translation>
    </message>
    <message>
        <source>Of this scene</source>
        <translation>De cette scène</translation>
    </message>
    <message>
        <source>Of another scene…</source>
        <translation>D'une autre scène…</translation>
    </message>
    <message>
        <source>With the basis of another scene, the same colour means the same in both</source>
        <translation>Avec la base d'une autre scène, une même couleur a le même sens dans les deux</translation>
    </message>
    <message>
        <source>Basis file</source>
        <translation>Fichier de la base</translation>
    </message>
    <message>
        <source>Basis (*.safetensors)</source>
        <translation>Base (*.safetensors)</translation>
    </message>
    <message>
        <source>The first three components as red, green and blue</source>
        <translation>Les trois premières composantes en rouge, vert et bleu</translation>
    </message>
    <message>
        <source>Picture of it in three colours</source>
        <translation>Avec un aperçu en trois couleurs</translation>
    </message>
    <message>
        <source>Keep the basis</source>
        <translation>Conserver la base</translation>
    </message>
    <message>
        <source>Not kept</source>
        <translation>Non conservée</translation>
    </message>
    <message>
        <source>Plan of the run</source>
        <translation>Plan de l'exécution</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>Exécuter</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Copy as</source>
        <translation>Copier en</translation>
    </message>
    <message>
        <source>Copy this run as a command or as Python</source>
        <translation>Copier cette exécution en commande ou en Python</translation>
    </message>
    <message>
        <source>Copy as qgis_process command</source>
        <translation>Copier en commande qgis_process</translation>
    </message>
    <message>
        <source>Copy as Python</source>
        <translation>Copier en Python</translation>
    </message>
    <message>
        <source>Device and precision; opens the set-up of the engine</source>
        <translation>Périphérique et précision ; ouvre l'installation du moteur</translation>
    </message>
    <message>
        <source>{task} (Ctrl+Return)</source>
        <translation>{task} (Ctrl+Entrée)</translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>Annulation…</translation>
    </message>
    <message>
        <source>Engine: {state}</source>
        <translation>Moteur : {state}</translation>
    </message>
    <message>
        <source>{state}. Click to set up the engine.</source>
        <translation>{state}. Cliquez pour installer le moteur.</translation>
    </message>
    <message>
        <source>Fusion</source>
        <translation>Fusion</translation>
    </message>
    <message>
        <source>How several images become one embedding</source>
        <translation>Comment plusieurs images deviennent un seul embedding</translation>
    </message>
    <message>
        <source>Chip</source>
        <translation>Imagette</translation>
    </message>
    <message>
        <source>Pixels that fill one input of the model; a cell of the embedding covers a fourteenth of it</source>
        <translation>Pixels qui remplissent une entrée du modèle ; une cellule de l'embedding en couvre un quatorzième</translation>
    </message>
    <message>
        <source>By sensor</source>
        <translation>Selon le capteur</translation>
    </message>
    <message>
        <source> px</source>
        <translation> px</translation>
    </message>
    <message>
        <source>Share of a chip that its neighbour repeats: more is smoother</source>
        <translation>Part d'une imagette que sa voisine répète : plus elle est grande, plus le résultat est lisse</translation>
    </message>
    <message>
        <source>The sensor's</source>
        <translation>Du capteur</translation>
    </message>
    <message>
        <source>Estimated from the image</source>
        <translation>Estimées sur l'image</translation>
    </message>
    <message>
        <source>From a file…</source>
        <translation>D'un fichier…</translation>
    </message>
    <message>
        <source>What the pixel values are scaled with. Automatic: the sensor's where they are known, else the image's</source>
        <translation>Ce qui sert à normaliser les valeurs des pixels. Automatique : celles du capteur si elles sont connues, sinon celles de l'image</translation>
    </message>
    <message>
        <source>Statistics (*.json);;All files (*)</source>
        <translation>Statistiques (*.json);;Tous les fichiers (*)</translation>
    </message>
    <message>
        <source>Reference</source>
        <translation>Référence</translation>
    </message>
    <message>
        <source>The finest image</source>
        <translation>L'image la plus fine</translation>
    </message>
    <message>
        <source>The image whose pixels the grid takes</source>
        <translation>L'image dont la grille reprend les pixels</translation>
    </message>
    <message>
        <source>How a band between learnt wavelengths gets its layer</source>
        <translation>Comment une bande entre des longueurs d'onde apprises obtient sa couche</translation>
    </message>
    <message>
        <source>Bands far outside</source>
        <translation>Bandes éloignées</translation>
    </message>
    <message>
        <source>Use them all the same</source>
        <translation>Les utiliser quand même</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Learnt bands</source>
        <translation>Bandes apprises</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Aucune</translation>
    </message>
    <message>
        <source>A head that was trained with layers for bands which the model has never seen</source>
        <translation>Une tête entraînée avec des couches pour des bandes que le modèle n'a jamais vues</translation>
    </message>
    <message>
        <source>Values</source>
        <translation>Valeurs</translation>
    </message>
    <message>
        <source>Type of the stored numbers</source>
        <translation>Type des nombres enregistrés</translation>
    </message>
    <message>
        <source>Least valid</source>
        <translation>Minimum valide</translation>
    </message>
    <message>
        <source>A cell with a smaller share of valid pixels stays empty</source>
        <translation>Une cellule avec une part plus faible de pixels valides reste vide</translation>
    </message>
    <message>
        <source>Pixel size</source>
        <translation>Taille de pixel</translation>
    </message>
    <message>
        <source>In units of the grid's coordinate system</source>
        <translation>En unités du SCR de la grille</translation>
    </message>
    <message>
        <source>As the reference</source>
        <translation>Comme la référence</translation>
    </message>
    <message>
        <source>NVIDIA GPU</source>
        <translation>GPU NVIDIA</translation>
    </message>
    <message>
        <source>Batch</source>
        <translation>Lot</translation>
    </message>
    <message>
        <source>Chips that go through the model together</source>
        <translation>Imagettes qui passent ensemble dans le modèle</translation>
    </message>
    <message>
        <source>By device</source>
        <translation>Automatique</translation>
    </message>
    <message>
        <source>Its three main components as red, green and blue</source>
        <translation>Ses trois composantes principales en rouge, vert et bleu</translation>
    </message>
    <message>
        <source>Stack: all bands as one image</source>
        <translation>Empilées : toutes les bandes en une image</translation>
    </message>
    <message>
        <source>Side by side: features of each image</source>
        <translation>Côte à côte : caractéristiques de chaque image</translation>
    </message>
    <message>
        <source>Mixed: tokens of two sensors swapped</source>
        <translation>Mêlées : tokens de deux capteurs échangés</translation>
    </message>
    <message>
        <source>By log wavelength</source>
        <translation>Selon le log de la longueur d'onde</translation>
    </message>
    <message>
        <source>By wavelength</source>
        <translation>Selon la longueur d'onde</translation>
    </message>
    <message>
        <source>As in the released code</source>
        <translation>Comme dans le code publié</translation>
    </message>
    <message>
        <source>Nearest layer</source>
        <translation>Couche la plus proche</translation>
    </message>
    <message>
        <source>Map of</source>
        <translation>Carte de</translation>
    </message>
    <message>
        <source>Segment</source>
        <translation>Segmenter</translation>
    </message>
    <message>
        <source>Makes a map of classes with a head that was trained, here or elsewhere.</source>
        <translation>Produit une carte de classes avec une tête déjà entraînée, ici ou ailleurs.</translation>
    </message>
    <message>
        <source>Make the map</source>
        <translation>Produire la carte</translation>
    </message>
    <message>
        <source>Train a head in the tab Train, or choose the file of one.</source>
        <translation>Entraînez une tête dans l'onglet Entraîner, ou choisissez le fichier d'une tête.</translation>
    </message>
    <message>
        <source>There is no file {path}. Choose another head.</source>
        <translation>Le fichier {path} n'existe pas. Choisissez une autre tête.</translation>
    </message>
    <message>
        <source>The map of classes is there, after {duration}.</source>
        <translation>La carte des classes est là, calculée en {duration}.</translation>
    </message>
    <message>
        <source>Smaller patches are given to their largest neighbour; 0 keeps them all</source>
        <translation>Les îlots plus petits sont attribués à leur plus grand voisin ; 0 les conserve tous</translation>
    </message>
    <message>
        <source>Least patch</source>
        <translation>Îlot minimal</translation>
    </message>
    <message>
        <source>A second raster that tells how sure the head is at every pixel</source>
        <translation>Un second raster qui indique le degré de certitude de la tête en chaque pixel</translation>
    </message>
    <message>
        <source>Confidence as</source>
        <translation>Confiance selon</translation>
    </message>
    <message>
        <source>A raster with the probability of each class as a band</source>
        <translation>Un raster avec la probabilité de chaque classe dans une bande</translation>
    </message>
    <message>
        <source>Probability of each class</source>
        <translation>Probabilité de chaque classe</translation>
    </message>
    <message>
        <source>The patches of the map as polygons in a GeoPackage, with class and area</source>
        <translation>Les îlots de la carte en polygones dans un GeoPackage, avec classe et superficie</translation>
    </message>
    <message>
        <source>Probability of the class</source>
        <translation>Probabilité de la classe</translation>
    </message>
    <message>
        <source>1 − entropy of all classes</source>
        <translation>1 − entropie de toutes les classes</translation>
    </message>
    <message>
        <source>Temporary file</source>
        <translation>Fichier temporaire</translation>
    </message>
    <message>
        <source>Set up the engine…</source>
        <translation>Installer le moteur…</translation>
    </message>
    <message>
        <source>SMARTIES computes in a Python environment of its own, beside QGIS.</source>
        <translation>SMARTIES calcule dans son propre environnement Python, à côté de QGIS.</translation>
    </message>
    <message>
        <source>Update the engine…</source>
        <translation>Mettre à jour le moteur…</translation>
    </message>
    <message>
        <source>Set up the SMARTIES engine</source>
        <translation>Installer le moteur SMARTIES</translation>
    </message>
    <message>
        <source>Looking for a GPU…</source>
        <translation>Recherche d'un GPU…</translation>
    </message>
    <message>
        <source>Show the log</source>
        <translation>Afficher le journal</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>Copier le diagnostic</translation>
    </message>
    <message>
        <source>Set up</source>
        <translation>Installer</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Arrêter</translation>
    </message>
    <message>
        <source>Choose a Python interpreter</source>
        <translation>Choisir un interpréteur Python</translation>
    </message>
    <message>
        <source>Choose the folder of wheels</source>
        <translation>Choisir le dossier de wheels</translation>
    </message>
    <message>
        <source>The engine runs in a Python of its own, apart from QGIS. Setting it up takes a few minutes, once; it stays when the plugin is upgraded.</source>
        <translation>Le moteur fonctionne dans son propre Python, séparé de QGIS. Son installation prend quelques minutes, une seule fois ; il reste en place quand l'extension est mise à jour.</translation>
    </message>
    <message>
        <source>Works on every computer.</source>
        <translation>Fonctionne sur tout ordinateur.</translation>
    </message>
    <message>
        <source>A Python 3.11 or newer that has the libraries of requirements.txt.</source>
        <translation>Un Python 3.11 ou plus récent, avec les bibliothèques de requirements.txt.</translation>
    </message>
    <message>
        <source>Files that end in .whl, fetched on a computer of the same kind. No internet needed.</source>
        <translation>Fichiers en .whl, téléchargés sur un ordinateur du même type. Sans connexion Internet.</translation>
    </message>
    <message>
        <source>Processor (recommended)</source>
        <translation>Processeur (recommandé)</translation>
    </message>
    <message>
        <source>A Python of my own</source>
        <translation>Mon propre Python</translation>
    </message>
    <message>
        <source>A folder of wheels</source>
        <translation>Un dossier de wheels</translation>
    </message>
    <message>
        <source>Progress of the set-up</source>
        <translation>Progression de l'installation</translation>
    </message>
    <message>
        <source>The variable {name} names this interpreter.</source>
        <translation>La variable {name} désigne cet interpréteur.</translation>
    </message>
    <message>
        <source>Update</source>
        <translation>Mettre à jour</translation>
    </message>
    <message>
        <source>Needs {needed:.1f} GB of disk space; {free:.0f} GB are free. Place: {folder}</source>
        <translation>Exige {needed:.1f} Go d'espace disque ; {free:.0f} Go sont libres. Emplacement : {folder}</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Arrêt en cours…</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Démarrage…</translation>
    </message>
    <message>
        <source>Done. The engine is ready to use.</source>
        <translation>Terminé. Le moteur est prêt à l'emploi.</translation>
    </message>
    <message>
        <source>Look for a GPU</source>
        <translation>Rechercher un GPU</translation>
    </message>
    <message>
        <source>Delete old environments ({size:.0f} MB)</source>
        <translation>Supprimer les anciens environnements ({size:.0f} Mo)</translation>
    </message>
    <message>
        <source>Delete old environments</source>
        <translation>Supprimer les anciens environnements</translation>
    </message>
    <message>
        <source>The old environments are deleted.</source>
        <translation>Les anciens environnements sont supprimés.</translation>
    </message>
    <message>
        <source>The diagnostics are on the clipboard.</source>
        <translation>Le diagnostic est dans le presse-papiers.</translation>
    </message>
    <message>
        <source>Found: {name}, driver {driver}.</source>
        <translation>Trouvé : {name}, pilote {driver}.</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Recherche</translation>
    </message>
    <message>
        <source>Places above a threshold</source>
        <translation>Lieux au-dessus d'un seuil</translation>
    </message>
    <message>
        <source>Click on something in the map: every place is coloured by how alike it is.</source>
        <translation>Cliquez sur quelque chose dans la carte : chaque lieu est coloré selon sa ressemblance.</translation>
    </message>
    <message>
        <source>Find alike</source>
        <translation>Trouver les similaires</translation>
    </message>
    <message>
        <source>Pick on the map what you look for.</source>
        <translation>Désignez sur la carte ce que vous cherchez.</translation>
    </message>
    <message>
        <source>Pick at least one place that you do look for: a click without Shift.</source>
        <translation>Désignez au moins un lieu que vous cherchez : un clic sans Maj.</translation>
    </message>
    <message>
        <source>The alike places are on the map as polygons, after {duration}.</source>
        <translation>Les lieux similaires sont sur la carte en polygones, calculés en {duration}.</translation>
    </message>
    <message>
        <source>Search anew with every example that is picked or removed</source>
        <translation>Relancer la recherche à chaque exemple désigné ou retiré</translation>
    </message>
    <message>
        <source>Search at every click</source>
        <translation>Rechercher à chaque clic</translation>
    </message>
    <message>
        <source>Take off what all places have in common, so that the values tell of what they differ in</source>
        <translation>Retrancher ce que tous les lieux ont en commun : les valeurs disent alors en quoi ils diffèrent</translation>
    </message>
    <message>
        <source>The images of the tab Embed</source>
        <translation>Les images de l'onglet Embedding</translation>
    </message>
    <message>
        <source>Add an image in the tab Embed, or choose an embedding.</source>
        <translation>Ajoutez une image dans l'onglet Embedding, ou choisissez un embedding.</translation>
    </message>
    <message>
        <source>Embeds the images first, unless that was done before.</source>
        <translation>Calcule d'abord l'embedding des images, si ce n'est déjà fait.</translation>
    </message>
    <message>
        <source>Spectrum: learnt ranges and the bands of the layer</source>
        <translation>Spectre : plages apprises et bandes de la couche</translation>
    </message>
    <message>
        <source>Layer: {layers}</source>
        <translation>Couche : {layers}</translation>
    </message>
    <message>
        <source>It lies where the axis is cut off.</source>
        <translation>Elle se trouve là où l'axe est coupé.</translation>
    </message>
    <message>
        <source>learnt from {sensor} {band}</source>
        <translation>apprise sur {sensor} {band}</translation>
    </message>
    <message>
        <source>Tasks</source>
        <translation>Tâches</translation>
    </message>
    <message>
        <source>{task}: done after {duration}.</source>
        <translation>{task} : terminé en {duration}.</translation>
    </message>
    <message>
        <source>Places at or above this similarity count as alike</source>
        <translation>Les lieux qui atteignent ou dépassent cette similarité comptent comme similaires</translation>
    </message>
    <message>
        <source>Show only what is above</source>
        <translation>N'afficher que ce qui est au-dessus</translation>
    </message>
    <message>
        <source>Makes the rest of the map see-through</source>
        <translation>Rend le reste de la carte transparent</translation>
    </message>
    <message>
        <source>Export polygons</source>
        <translation>Exporter les polygones</translation>
    </message>
    <message>
        <source>The places at or above the threshold as polygons, with their area</source>
        <translation>Les lieux qui atteignent ou dépassent le seuil, en polygones, avec leur superficie</translation>
    </message>
    <message>
        <source>Segment the same images with the new head; the map before it is replaced</source>
        <translation>Segmenter les mêmes images avec la nouvelle tête ; la carte précédente est remplacée</translation>
    </message>
    <message>
        <source>Make the map at once</source>
        <translation>Produire aussitôt la carte</translation>
    </message>
    <message>
        <source>Measure in</source>
        <translation>Mesurer en</translation>
    </message>
    <message>
        <source>{count} parts</source>
        <translation>{count} parties</translation>
    </message>
    <message>
        <source>Do not measure</source>
        <translation>Ne pas mesurer</translation>
    </message>
    <message>
        <source>The polygons are divided into so many parts; each is judged by a head trained on the others</source>
        <translation>Les polygones sont répartis en autant de parties ; chacune est évaluée par une tête entraînée sur les autres</translation>
    </message>
    <message>
        <source>A class with few labels counts as much as one with many</source>
        <translation>Une classe peu représentée compte autant qu'une classe bien représentée</translation>
    </message>
    <message>
        <source>Balance</source>
        <translation>Équilibrage</translation>
    </message>
    <message>
        <source>All classes alike</source>
        <translation>Toutes les classes à égalité</translation>
    </message>
    <message>
        <source>Leave out</source>
        <translation>Écarter</translation>
    </message>
    <message>
        <source>e.g. cloud, 0</source>
        <translation>p. ex. nuage, 0</translation>
    </message>
    <message>
        <source>Classes, by commas</source>
        <translation>Classes, séparées par des virgules</translation>
    </message>
    <message>
        <source>Pixels along a block of labels that come as a raster or as points; one block is never divided</source>
        <translation>Côté, en pixels, d'un bloc de zones d'entraînement fournies en raster ou en points ; un bloc n'est jamais divisé</translation>
    </message>
    <message>
        <source>Blocks of</source>
        <translation>Blocs de</translation>
    </message>
    <message>
        <source>One chip</source>
        <translation>Une imagette</translation>
    </message>
    <message>
        <source>Passes over the labels, of heads that are trained step by step</source>
        <translation>Passes sur les zones d'entraînement, pour les têtes entraînées pas à pas</translation>
    </message>
    <message>
        <source>By kind</source>
        <translation>Selon le type</translation>
    </message>
    <message>
        <source>First learn a layer for each band that the model has never seen; takes longer</source>
        <translation>Apprendre d'abord une couche pour chaque bande que le modèle n'a jamais vue ; prend plus de temps</translation>
    </message>
    <message>
        <source>Unseen bands</source>
        <translation>Bandes inédites</translation>
    </message>
    <message>
        <source>Learn them, too</source>
        <translation>Les apprendre aussi</translation>
    </message>
    <message>
        <source>The same seed gives the same head</source>
        <translation>La même graine donne la même tête</translation>
    </message>
    <message>
        <source>A page with the accuracy, class by class, and pictures</source>
        <translation>Une page avec l'exactitude, classe par classe, et des illustrations</translation>
    </message>
    <message>
        <source>Report as an HTML page</source>
        <translation>Rapport en page HTML</translation>
    </message>
    <message>
        <source>{file} beside the project</source>
        <translation>{file} à côté du projet</translation>
    </message>
    <message>
        <source>Logistic regression on the features of single places: fast, and hard to beat with few labels</source>
        <translation>Régression logistique sur les caractéristiques de chaque lieu : rapide, et difficile à battre avec peu d'échantillons</translation>
    </message>
    <message>
        <source>Votes of the 20 most similar labelled places: no training, good for patchy classes</source>
        <translation>Vote des 20 échantillons les plus similaires : sans entraînement, bon pour des classes morcelées</translation>
    </message>
    <message>
        <source>A convolution trained on windows of the embedding: for many labels</source>
        <translation>Une convolution entraînée sur des fenêtres de l'embedding : pour de nombreux échantillons</translation>
    </message>
    <message>
        <source>A decoder that sees four depths of the model: finest borders, many labels, takes minutes</source>
        <translation>Un décodeur qui voit quatre profondeurs du modèle : contours les plus fins, nombreux échantillons, prend quelques minutes</translation>
    </message>
    <message>
        <source>Open the report</source>
        <translation>Ouvrir le rapport</translation>
    </message>
    <message>
        <source>The accuracy with its confusion matrix and pictures, in the browser</source>
        <translation>L'exactitude avec sa matrice de confusion et des illustrations, dans le navigateur</translation>
    </message>
    <message>
        <source>Accuracy</source>
        <translation>Exactitude</translation>
    </message>
    <message>
        <source>Learns from a few labelled places to tell their classes apart, and says how well it does.</source>
        <translation>Apprend à distinguer des classes à partir de quelques zones d'entraînement, et en indique l'exactitude.</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>Entraîner</translation>
    </message>
    <message>
        <source>Head and map are ready.</source>
        <translation>La tête et la carte sont prêtes.</translation>
    </message>
    <message>
        <source>The head is trained, after {duration}.</source>
        <translation>La tête est prête, entraînée en {duration}.</translation>
    </message>
    <message>
        <source>Accuracy: {share}</source>
        <translation>Exactitude : {share}</translation>
    </message>
    <message>
        <source>seen</source>
        <translation>vue</translation>
    </message>
    <message>
        <source>near</source>
        <translation>proche</translation>
    </message>
    <message>
        <source>interpolated</source>
        <translation>interpolée</translation>
    </message>
    <message>
        <source>outside</source>
        <translation>hors plage</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>inconnue</translation>
    </message>
    <message>
        <source>off</source>
        <translation>inactive</translation>
    </message>
    <message>
        <source>Switched off: {reason}.</source>
        <translation>Désactivée : {reason}.</translation>
    </message>
    <message>
        <source>Switched off.</source>
        <translation>Désactivée.</translation>
    </message>
    <message>
        <source>Write its centre into the table, or switch it off.</source>
        <translation>Saisissez son centre dans la table, ou désactivez-la.</translation>
    </message>
    <message>
        <source>No learnt layer can read this band. Switch it off.</source>
        <translation>Aucune couche apprise ne peut lire cette bande. Désactivez-la.</translation>
    </message>
    <message>
        <source>Nothing near was learnt: {distance} from the nearest learnt range.</source>
        <translation>Rien de proche n'a été appris : {distance} de la plage apprise la plus proche.</translation>
    </message>
    <message>
        <source>The model was trained on this very band.</source>
        <translation>Le modèle a été entraîné sur cette bande même.</translation>
    </message>
    <message>
        <source>The model was trained on another band at this wavelength.</source>
        <translation>Le modèle a été entraîné sur une autre bande à cette longueur d'onde.</translation>
    </message>
    <message>
        <source>The model was trained close to this wavelength; two learnt layers are mixed.</source>
        <translation>Le modèle a été entraîné près de cette longueur d'onde ; deux couches apprises sont mélangées.</translation>
    </message>
    <message>
        <source>SMARTIES panel</source>
        <translation>Panneau SMARTIES</translation>
    </message>
    <message>
        <source>SMARTIES: embed images of any sensor</source>
        <translation>SMARTIES : calculer l'embedding d'images de tout capteur</translation>
    </message>
    <message>
        <source>map</source>
        <translation>carte</translation>
    </message>
    <message>
        <source>embedding</source>
        <translation>embedding</translation>
    </message>
    <message>
        <source>Embedding of {images}</source>
        <translation>Embedding de {images}</translation>
    </message>
    <message>
        <source>The three main components of an embedding of {images}, as red, green and blue.</source>
        <translation>Les trois composantes principales d'un embedding de {images}, en rouge, vert et bleu.</translation>
    </message>
    <message>
        <source>One vector per cell that describes what {images} show there; one feature per band.</source>
        <translation>Un vecteur par cellule, qui décrit ce que {images} y montrent ; une caractéristique par bande.</translation>
    </message>
    <message>
        <source>Made by {model}.</source>
        <translation>Produit par {model}.</translation>
    </message>
    <message>
        <source>The weights of this model are random: it shows structure, but knows nothing yet.</source>
        <translation>Les poids de ce modèle sont aléatoires : il montre des structures, mais ne sait encore rien.</translation>
    </message>
    <message>
        <source>{image}: bands {bands}; {radiometry}.</source>
        <translation>{image} : bandes {bands} ; {radiometry}.</translation>
    </message>
    <message>
        <source>values as stored</source>
        <translation>valeurs telles quelles</translation>
    </message>
    <message>
        <source>Chips of {chip} px.</source>
        <translation>Imagettes de {chip} px.</translation>
    </message>
    <message>
        <source>Written by {software}</source>
        <translation>Écrit par {software}</translation>
    </message>
    <message>
        <source>Model file: sha256 {digest}</source>
        <translation>Fichier du modèle : sha256 {digest}</translation>
    </message>
    <message>
        <source>Grid of the images: {grid}</source>
        <translation>Grille des images : {grid}</translation>
    </message>
    <message>
        <source>Computed on {device}</source>
        <translation>Calculé sur {device}</translation>
    </message>
    <message>
        <source>Input: {path}</source>
        <translation>Entrée : {path}</translation>
    </message>
    <message>
        <source>Head: {path}</source>
        <translation>Tête : {path}</translation>
    </message>
    <message>
        <source>Job: {job}</source>
        <translation>Tâche : {job}</translation>
    </message>
    <message>
        <source>The data of {layer} cannot be read.</source>
        <translation>Impossible de lire les données de {layer}.</translation>
    </message>
    <message>
        <source>Repair the layer's data source.</source>
        <translation>Réparez la source de données de la couche.</translation>
    </message>
    <message>
        <source>The shapes of {layer} cannot be copied for the engine ({reason}).</source>
        <translation>Impossible de copier les géométries de {layer} pour le moteur ({reason}).</translation>
    </message>
    <message>
        <source>Save the layer as a GeoPackage and use that.</source>
        <translation>Enregistrez la couche en GeoPackage et utilisez celui-ci.</translation>
    </message>
</context>
</TS>
